"""End a command after Ctrl-C with a message to the user."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InterruptionError(Exception):
    """A command was interrupted, and a message to the user has been printed."""


@contextmanager
def explain_interruption(describe_rest: Callable[[], str | None]) -> Iterator[None]:
    """Turn KeyboardInterrupt into `InterruptionError`, after printing `describe_rest()` unless it is None."""
    try:
        yield
    except KeyboardInterrupt as error:
        ignore_further()
        left = describe_rest()
        if left is not None:
            print_notice(f"Interrupted; {left}")
        raise InterruptionError from error


def print_notice(text: str) -> None:
    """Print a text on standard error, below the ^C of a terminal."""
    print(f"\n{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def ignore_further() -> None:
    """Ignore further Ctrl-C while the process ends: Python would print a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
