"""Ctrl-C and SIGTERM while a study runs: both end it in the same orderly way."""

import signal
import sys
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Raises KeyboardInterrupt when a signal comes, and keeps it from getting lost.

    Where the exception comes up in a destructor or in the callbacks of a fork, as can be while Ray starts,
    Python prints it and goes on. So it is not printed there, and `check` raises it once more.
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
        raise KeyboardInterrupt

    def _note_unraisable(self, problem: "sys.UnraisableHookArgs") -> None:
        if not issubclass(problem.exc_type, KeyboardInterrupt | SystemExit):
            self._print_unraisable(problem)
        else:
            self._received = True
