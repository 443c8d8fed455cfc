"""Show the progress of long work on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from gan_study.cli.terminal.outcome import print_line
from gan_study.extractors.progress import listening, now_and_then

_QUIET_SEC = 10.0


@contextmanager
def shown_progress(what: str, quiet_sec: float = _QUIET_SEC) -> Iterator[None]:
    """Show the progress of the work inside the context: in one line on a terminal, else in a new line now and then.

    quiet_sec: seconds before the first of the new lines, and between two of them.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(Text(what)) as status, listening(lambda text: status.update(Text(text))):
            yield
    else:
        with listening(now_and_then(quiet_sec, lambda text: print_line(console, text), since=time.monotonic())):
            yield
