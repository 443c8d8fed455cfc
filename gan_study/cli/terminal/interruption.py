"""End a command after Ctrl-C, or after SIGTERM while a study runs, with a message to the user."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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


class Interruption:
    """Raises KeyboardInterrupt when a signal arrives, and keeps the exception from getting lost.

    Python prints an exception in a destructor or in the callbacks of a fork, and continues; this can happen while Ray
    starts. Here it is not printed, and `check` raises it again. Further signals have no effect while the first one is
    handled, and Ctrl-C has none after that.
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
        if isinstance(error, SystemExit):  # raised by Ray's handler of SIGTERM, which is active while Ray starts
            raise KeyboardInterrupt from error

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come, and restore the handlers if Ray has installed its own."""
        self._install()
        if self._received:
            raise KeyboardInterrupt

    def _install(self) -> None:
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:  # A job in the background ignores Ctrl-C.
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
    """Return True if the code in progress already handles an interruption, or an error that followed one."""
    while handled is not None and not isinstance(handled, KeyboardInterrupt):
        handled = handled.__context__
    return handled is not None
