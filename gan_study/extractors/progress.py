"""How far a long piece of work has come, told in words to whoever listens in this process.

What is at work, and of how many things, is said around it (`at_work`); where each is done, it is counted (`passed`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Listener = Callable[[str], None]
"""Is told things such as `real images through inception: 400 of 1,797`."""


@dataclass
class _Work:
    what: str
    total: int | None
    done: int = 0

    @property
    def text(self) -> str:
        if self.total is None:
            return self.what
        # More than was said beforehand: then no one knows how many there will be.
        of = f" of {self.total:,}" if self.done <= self.total else ""
        return f"{self.what}: {self.done:,}{of}"


_listener: Listener | None = None
_work: _Work | None = None


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of all work in this process until the end of the context."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


@contextmanager
def at_work(what: str, total: int | None = None) -> Iterator[None]:
    """Tell that `what` has begun, with `total` things to be counted; None if nothing counts them."""
    global _work
    before, _work = _work, _Work(what, total)
    try:
        passed(0)
        yield
    finally:
        _work = before


def passed(num: int) -> None:
    """Count `num` things as done, if anyone has said what is at work."""
    if _listener is not None and _work is not None:
        _work.done += num
        _listener(_work.text)


def now_and_then(seconds: float, listener: Listener, since: float = float("-inf")) -> Listener:
    """A listener that passes on one text in so many seconds; the first at once, or so long after `since`.

    since: on the clock of `time.monotonic`.
    """
    last = since

    def listen(text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            listener(text)

    return listen
