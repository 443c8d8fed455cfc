"""Ctrl-C, and SIGTERM while a study runs: how a command ends, and what the user is told."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class InterruptionError(Exception):
    """A command was interrupted, and the user has been told what that leaves."""


@contextmanager
def telling(what_is_left: Callable[[], str | None]) -> Iterator[None]:
    """Turn KeyboardInterrupt into `InterruptionError`, after a line on standard error if there is anything to say."""
    try:
        yield
    except KeyboardInterrupt as error:
        ignore_further()
        left = what_is_left()
        if left is not None:
            tell(f"Interrupted; {left}")
        raise InterruptionError from error


def tell(text: str) -> None:
    """Print a text on standard error, below the ^C of a terminal."""
    print(f"\n{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def ignore_further() -> None:
    """Let the process come to its end, whatever else the user presses: Python would print a traceback for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Interruption:
    """Raises KeyboardInterrupt when a signal comes, and keeps it from getting lost.

    Where the exception comes up in a destructor or in the callbacks of a fork, as can be while Ray starts,
    Python prints it and goes on. So it is not printed there, and `check` raises it once more. Further signals change
    nothing while the first is answered, and no Ctrl-C does after that.
    """

    def __init__(self) -> None:
        self._received = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        self._print_unraisable, sys.unraisablehook = sys.unraisablehook, self._note_unraisable
        self._install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._print_unraisable
        if isinstance(error, KeyboardInterrupt | SystemExit):
            ignore_further()
        if isinstance(error, SystemExit):  # from the handler of SIGTERM that Ray has while it starts
            raise KeyboardInterrupt from error

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come, and take back the handlers if Ray has put in its own."""
        self._install()
        if self._received:
            raise KeyboardInterrupt

    def _install(self) -> None:
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:  # as for a job in the background, which Ctrl-C is not meant for
                signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._received = True
        if not _is_answered(sys.exception()):
            raise KeyboardInterrupt

    def _note_unraisable(self, problem: "sys.UnraisableHookArgs") -> None:
        if not issubclass(problem.exc_type, KeyboardInterrupt | SystemExit):
            self._print_unraisable(problem)
        else:
            self._received = True


def _is_answered(handled: BaseException | None) -> bool:
    """Whether code that ends what was interrupted is at work: it handles an interruption, or what came up then."""
    while handled is not None and not isinstance(handled, KeyboardInterrupt):
        handled = handled.__context__
    return handled is not None
