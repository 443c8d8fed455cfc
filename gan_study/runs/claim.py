"""The claim on a run folder in an object store: a small object that one command at a time holds and renews.

A lock on a disk ends with its process. A claim would stay, so it counts only if it has been renewed lately; its age is
measured by the store's clock. Every write of it is conditional: if two commands take a claim at the same moment, one
gets it.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from pydantic import ValidationError

from gan_study.errors import InputError, StorageError
from gan_study.runs.outage import NoAnswerError, error_code, note_answer, note_outage, wait_out
from gan_study.runs.process_identity import process_identity, process_lives
from gan_study.runs.records.measurements import Record
from gan_study.runs.s3_object import S3Object
from gan_study.runs.storage_errors import explained

RENEW_SEC = 10.0
LEASE_SEC = 60.0
"""Seconds after its last renewal for which a claim counts."""
_NUM_TRIES = 5
"""Tries to take a claim while others take and release it."""


class UnclaimableError(Exception):
    """The store ignores conditions, so a claim would exclude nobody. The message is the reason, in words."""


class Claim(Record):
    """The content of the object."""

    id: str
    """A random name of the command, which tells a repeated request from another command's."""
    pid: int
    host: str
    process: str | None = None
    """The process's identity; see `process_identity`."""
    start_time: float
    """When the command began, in seconds since 1970 by its own clock."""
    num_renewals: int = 0
    """This number makes each renewal another version of the object."""

    def content(self) -> bytes:
        """The object's bytes."""
        return self.model_dump_json().encode()

    def holder(self) -> str:
        """Name the command, such as `pid=12 on node-1, at work since 2026-11-30 13:40 UTC`."""
        host = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"pid={self.pid}{host}, at work since {datetime.fromtimestamp(self.start_time, UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def claimed(place: str, target: S3Object, on_lost: Callable[[StorageError], None]) -> Iterator[None]:
    """Hold the claim on a run folder.

    place: the run folder, for messages. on_lost: is called from another thread if another command has taken the claim,
    which it may if this one could not renew it in time.

    Raises InputError if another command holds the claim, UnclaimableError, and StorageError.
    """
    pid = os.getpid()
    identity = process_identity(pid)
    claim = Claim(id=uuid.uuid4().hex, pid=pid, host=socket.gethostname(), process=identity, start_time=time.time())
    with explained(place):
        try:
            version = wait_out(place, lambda: _take(place, target, claim))
        except OSError as error:
            if error_code(error) != "notimplemented":
                raise
            raise UnclaimableError("the store refuses conditions on writes (If-None-Match)") from error
        note_answer(place)
    renewal = _Renewal(place, target, claim, version, on_lost)
    renewal.start()
    try:
        yield
    finally:
        renewal.end()


def _take(place: str, target: S3Object, claim: Claim) -> str:
    """Return the version of the object that now is this command's claim."""
    content = claim.content()
    for _ in range(_NUM_TRIES):
        version = target.create(content)
        if version is not None:
            _require_conditions(target, version, content)
            return version
        found = target.read()
        if found is None:  # It was released meanwhile.
            continue
        there, version, age_sec = found
        known = _parse(there)
        if known is not None and known.id == claim.id:  # An earlier request has arrived, but not its answer.
            return version
        is_dead = known is not None and process_lives(known.host, known.pid, known.process) is False
        if age_sec <= LEASE_SEC and not is_dead:
            raise _in_use(place, known, age_sec)
        taken = target.replace(content, version)
        if taken is not None:
            return taken
    raise _in_use(place, None, 0.0)


def _require_conditions(target: S3Object, version: str, content: bytes) -> None:
    """Raise UnclaimableError if the store creates the object a second time."""
    if target.create(content) is not None:
        with suppress(OSError):
            target.delete(version)
        raise UnclaimableError("the store ignores conditions on writes (If-None-Match)")


class _Renewal(threading.Thread):
    """Renews a claim until its end."""

    def __init__(
        self, place: str, target: S3Object, claim: Claim, version: str, on_lost: Callable[[StorageError], None]
    ) -> None:
        super().__init__(name="claim", daemon=True)
        self._place = place
        self._target = target
        self._claim = claim
        self._version: str | None = version
        self._on_lost = on_lost
        self._ended = threading.Event()

    def run(self) -> None:
        while self._version is not None and not self._ended.wait(RENEW_SEC):
            start = time.monotonic()
            try:
                self._renew(self._version)
            except NoAnswerError as error:
                note_outage(self._place, error, start)
            except OSError:  # such as a right that was taken away: the next write of the study explains it
                continue
            else:
                note_answer(self._place)

    def end(self) -> None:
        """Stop the renewals and release the claim, unless another command has it."""
        self._ended.set()
        self.join()
        if self._version is not None:
            with suppress(OSError):  # maybe the reason for the end of the command; the claim then expires
                self._target.delete(self._version)

    def _renew(self, version: str) -> None:
        self._claim = self._claim.model_copy(update={"num_renewals": self._claim.num_renewals + 1})
        renewed = self._target.replace(self._claim.content(), version)
        if renewed is None:
            found = self._target.read()
            known = _parse(found[0]) if found is not None else None
            if found is not None and known is not None and known.id == self._claim.id:
                renewed = found[1]
            elif found is None:  # Somebody has removed the object by hand.
                renewed = self._target.create(self._claim.content())
        self._version = renewed
        if renewed is None and not self._ended.is_set():
            holder = known.holder() if known is not None else "another command"
            self._on_lost(
                StorageError(
                    f"{self._place}: one command at a time works on a run folder, but got {holder}, which has taken it "
                    "over while this command could not reach the store; this command ends, and changes nothing more"
                )
            )


def _parse(content: bytes) -> Claim | None:
    try:
        return Claim.model_validate_json(content)
    except ValidationError:
        return None


def _in_use(place: str, known: Claim | None, age_sec: float) -> InputError:
    holder = known.holder() if known is not None else "another command"
    return InputError(
        f"{place}: one command at a time works on a run folder, but got {holder}; wait for it, or end it first (if it "
        f"has died, its claim expires in {min(LEASE_SEC, max(0.0, LEASE_SEC - age_sec)):.0f} seconds)"
    )
