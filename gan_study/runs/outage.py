"""Outages of an object store: whoever needs it waits for a while, with messages, before giving up."""

import math
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from gan_study.errors import InputError, StorageError

WAIT_ENVIRONMENT = "GAN_STUDY_STORE_WAIT_SEC"
"""The environment variable with the longest wait in seconds."""
_WAIT_SEC = 300.0
_LONGEST_PAUSE_SEC = 10.0
_ENDING_SEC = 30.0
"""Seconds after a wait in vain in which nothing else is tried, so that the command ends soon."""
_REPEAT_SEC = 60.0
"""Seconds between two messages about one outage."""
_OUTAGES = {
    "internalerror",
    "internalfailure",
    "networkconnection",
    "requesttimeout",
    "serviceunavailable",
    "slowdown",
    "throttling",
    "unavailable",
}
"""Error codes of S3 and Google Cloud Storage after which the same request may succeed later."""
_CODE = re.compile(r"(?:AWS Error |An error occurred \(|google::cloud::Status\()(\w+)")
_CAUSE = re.compile(r"(?:curlCode: 28, |Details: |gcloud-cpp.retry.original-message=PerformWork\(\) - )([^;{}]+)")
"""The part of a message of pyarrow that a user can understand. curl's error 28 is a time limit, with odd details."""

_T = TypeVar("_T")


class NoAnswerError(OSError):
    """No server has answered a request to an object store."""


@dataclass
class _Outages:
    """Knowledge of this process about the object store that it uses."""

    notify: Callable[[str], None] = lambda text: None
    has_answered: bool = False
    """False until the store has answered this process: before that, its address is probably wrong."""
    given_up_at: float = -math.inf
    """When a wait ended in vain (monotonic clock, seconds). The command is ending since then."""
    reason: str = ""
    """The last error of that wait."""
    since: float | None = None
    """Start of the present outage (monotonic clock, seconds)."""
    next_notice: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_outages = _Outages()


def report_outages(notify: Callable[[str], None]) -> None:
    """Call `notify` with a message when an outage begins, about once a minute while it lasts, and when it ends.

    A command calls this at its beginning, when it knows nothing of the store.
    """
    global _outages
    _outages = _Outages(notify)


def expect_answers() -> None:
    """Wait for the object store from the first request on, because another process has reached it before."""
    _outages.has_answered = True


def error_code(error: BaseException) -> str:
    """Return the store's code for an error, such as `nosuchbucket`: lower case, no underscores, maybe empty."""
    found = _CODE.search(str(error))
    return found[1].replace("_", "").lower() if found else ""


def is_outage(error: BaseException) -> bool:
    """Return True if the store has not answered, or has answered that it cannot serve the request at present."""
    return isinstance(error, NoAnswerError) or error_code(error) in _OUTAGES or "HTTP status 5" in str(error)


def wait_out(place: str, operation: Callable[[], _T]) -> _T:
    """Return the result of an operation on an object store. While the store is away, repeat the operation.

    place: the location in the store, for messages. Raises StorageError if the store stays away for longer than
    GAN_STUDY_STORE_WAIT_SEC (5 minutes by default), or at once if it has never answered this process. Raises InputError
    if that variable is not a number of seconds.
    """
    start, pause = time.monotonic(), 1.0
    longest = _longest_wait_sec()
    if start < _outages.given_up_at + _ENDING_SEC:
        raise _no_answer(place, _outages.reason, longest)
    while True:
        try:
            return operation()
        except OSError as error:
            if not is_outage(error):
                raise
            left = start + longest - time.monotonic()
            if not _outages.has_answered or left <= 0 or _ends_command(error):
                _outages.given_up_at, _outages.reason = time.monotonic(), _cause(error)
                raise _no_answer(place, _outages.reason, longest) from error
            note_outage(place, error, start, left)
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_SEC)


def note_outage(place: str, error: BaseException, start: float, left_sec: float | None = None) -> None:
    """Report that the store is away, unless that was reported less than a minute ago.

    start: when the failed request began (monotonic clock, seconds). left_sec: seconds for which this process will go on
    waiting; None if it does not wait.
    """
    with _outages.lock:
        now = time.monotonic()
        first, _outages.since = _outages.since is None, _outages.since or start
        if not first and now < _outages.next_notice:
            return
        _outages.next_notice = now + _REPEAT_SEC
    wait = "" if left_sec is None else f"; waiting up to {_seconds(left_sec)} for it"
    still = "" if first else "still "
    _outages.notify(f"{place}: the object store {still}does not answer ({_cause(error)}){wait}")


def note_answer(place: str) -> None:
    """Note that the store has answered, and report the end of an outage."""
    _outages.has_answered = True
    with _outages.lock:
        since, _outages.since = _outages.since, None
    if since is not None:
        _outages.notify(f"{place}: the object store answers again after {_seconds(time.monotonic() - since)}")


def _longest_wait_sec() -> float:
    text = os.environ.get(WAIT_ENVIRONMENT) or str(_WAIT_SEC)
    with suppress(ValueError):
        if 0 <= (seconds := float(text)) < math.inf:
            return seconds
    raise InputError(
        f"{WAIT_ENVIRONMENT}: the longest wait for an object store is a number of seconds, but got {text}; set it to "
        f"one such as {_WAIT_SEC:.0f}, or leave it out"
    )


def _no_answer(place: str, reason: str, longest_sec: float) -> StorageError:
    if not _outages.has_answered:
        return StorageError(
            f"{place}: the object store must answer, but got no answer ({reason}); check its address "
            "(AWS_ENDPOINT_URL_S3 names one that is not AWS) and the network"
        )
    return StorageError(
        f"{place}: the object store must answer within {_seconds(longest_sec)}, but got no answer ({reason}); "
        "what was written before is safe: when the store is back, run `gan_study resume` on the run folder "
        f"({WAIT_ENVIRONMENT} sets the longest wait)"
    )


def _cause(error: BaseException) -> str:
    found = _CAUSE.search(str(error))
    return (found[1] if found else str(error)).strip()


def _ends_command(error: BaseException | None) -> bool:
    """Return True if the error came up while another one, or an interruption, was ending the command."""
    while error is not None and not isinstance(error, KeyboardInterrupt | SystemExit | StorageError):
        error = error.__context__
    return error is not None


def _seconds(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
