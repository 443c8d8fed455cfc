"""Interrupt a study by Ctrl-C or SIGTERM, so that it ends in order and can be resumed."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Raises KeyboardInterrupt when a signal arrives, and keeps the exception from getting lost.

    Python prints an exception in a destructor or in the callbacks of a fork, and continues; this can happen while Ray
    starts. Here it is not printed, and `check` raises it again. Further signals have no effect while the first one is
    handled. Outside the main thread, which alone may handle signals, this changes nothing.
    """

    def __init__(self, *, ends_process: bool) -> None:
        """ends_process: True if the process ends after an interruption, so that further Ctrl-C is ignored from then
        on."""
        self._ends_process = ends_process
        self._signals = _SIGNALS if threading.current_thread() is threading.main_thread() else ()
        self._received = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        known = {number: signal.getsignal(number) for number in self._signals}
        self._before = {number: handler for number, handler in known.items() if handler is not None}
        self._print_unraisable, sys.unraisablehook = sys.unraisablehook, self._note_unraisable
        self._install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._print_unraisable
        if self._ends_process and isinstance(error, KeyboardInterrupt | SystemExit):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
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
