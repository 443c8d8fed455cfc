"""Progress of long work in this process, in words.

The caller announces the work and its number of steps with `at_work`; code that does steps calls `count_done`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Listener = Callable[[str], None]
"""Receives texts such as `real images through inception: 400 of 1,797, about 30 s left`."""


_LEAST_SEC = 5.0
"""Seconds after which the text includes the time left."""


@dataclass
class _Work:
    what: str
    total: int | None
    done: int
    may_end_early: bool
    done_before: int
    start: float

    @property
    def text(self) -> str:
        if self.total is None:
            return self.what
        if self.done > self.total:  # more than announced, so the total is unknown
            return f"{self.what}: {self.done:,}"
        most = " at most" if self.may_end_early else ""
        return f"{self.what}: {self.done:,} of{most} {self.total:,}{self._time_left(most)}"

    def _time_left(self, most: str) -> str:
        passed_sec, done_since = time.monotonic() - self.start, self.done - self.done_before
        if self.total is None or passed_sec < _LEAST_SEC or done_since == 0 or self.done == self.total:
            return ""
        left = passed_sec / done_since * (self.total - self.done)
        return f", about {left:.0f} s left{most}" if left < 600 else f", about {left / 60:.0f} min left{most}"


_listener: Listener | None = None
_work: _Work | None = None


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of all work in this process to `listener`, until the end of the context."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


@contextmanager
def at_work(what: str, total: int | None = None, done: int = 0, may_end_early: bool = False) -> Iterator[None]:
    """Announce the work `what` with `total` steps; None if its steps are not counted.

    done: steps that were done before. may_end_early: `total` is the most that there may be.
    """
    global _work
    before, _work = _work, _Work(what, total, done, may_end_early, done, time.monotonic())
    try:
        count_done(0)
        yield
    finally:
        _work = before


def count_done(num: int) -> None:
    """Count `num` steps as done, if work has been announced."""
    if _listener is not None and _work is not None:
        _work.done += num
        _listener(_work.text)


def now_and_then(seconds: float, listener: Listener, since: float = float("-inf")) -> Listener:
    """A listener that passes on at most one text every `seconds`; the first at once, or that long after `since`.

    since: a time on the clock of `time.monotonic`.
    """
    last = since

    def listen(text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            listener(text)

    return listen
