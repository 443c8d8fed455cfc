"""The lock that lets only one command at a time work on a run folder."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

from filelock import BaseFileLock, Timeout

from gan_study.errors import InputError, StorageError
from gan_study.runs import file_lock
from gan_study.runs.claim import UnclaimableError, claimed
from gan_study.runs.folder import RunFolder
from gan_study.runs.process_identity import process_lives
from gan_study.runs.storage_errors import explained

_CLAIM, _OWNER = ".claim", ".claimed_by"
"""The file that a command locks, and the file with that command's process number. In an object store the first one
alone holds the claim."""


@contextmanager
def lock_run_folder(
    folder: RunFolder,
    warn: Callable[[str], None] = lambda text: None,
    on_lost: Callable[[StorageError], None] = lambda error: None,
) -> Iterator[None]:
    """Keep other commands that write into a run folder out of it.

    On a disk this is a lock, which ends with its process in any case. In a file system without locks it is a marker
    file, and in an S3 store a claim; both are renewed and expire, and if another command takes one over, `on_lost` is
    called from another thread. For other stores, and without boto3, only a study that a process of this machine is
    training is refused. `warn` receives a message if there is no lock and no claim.

    The lock's files are removed at the end, and so are the folders made for it that are still empty. Raises InputError
    if another command uses the folder.
    """
    if folder.storage.is_local:
        with _locked(folder, warn, on_lost):
            yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(_claimed(folder, on_lost))
        except UnclaimableError as error:
            warn(
                f"{folder.location}: this command cannot keep others out of the run folder, because {error}; make sure "
                "that no other command works on it"
            )
            _refuse_if_running(folder)
        yield


@contextmanager
def _locked(folder: RunFolder, warn: Callable[[str], None], on_lost: Callable[[StorageError], None]) -> Iterator[None]:
    place = folder.storage.local_path("")
    new_folders = [each for each in (place, *place.parents) if not each.exists()]
    with explained(folder.location):  # the lock's file means nothing to the user
        place.mkdir(parents=True, exist_ok=True)
        lock = _take_lock(folder, warn, on_lost)
    try:
        folder.storage.write_text(_OWNER, f"pid={os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        with suppress(StorageError):  # may be the error that ends the command
            folder.storage.delete(_OWNER)
            folder.storage.delete(_CLAIM)
        lock.release()
        with suppress(OSError):  # A folder that is not empty stays.
            for each in new_folders:
                each.rmdir()


def _take_lock(folder: RunFolder, warn: Callable[[str], None], on_lost: Callable[[StorageError], None]) -> BaseFileLock:
    unable: list[OSError] = []

    def lose() -> None:
        on_lost(
            StorageError(
                f"{folder.location}: one command at a time works on a run folder, but got another one, which has taken "
                "it over after a pause of this one; this command ends, and changes nothing more"
            )
        )

    for timeout_sec in (0.0, 1.1 * file_lock.LEASE_SEC):
        try:
            lock = file_lock.take_lock(folder.storage.local_path(_CLAIM), timeout_sec, unable.append, lose)
        except Timeout:
            if not unable or timeout_sec:
                raise _in_use(folder, _owner(folder)) from None
            warn(
                f"{folder.location}: {_owner(folder)} was at work on it, and its file system takes no locks; waiting "
                f"up to {file_lock.LEASE_SEC:.0f} seconds to see if that command is alive"
            )
            continue
        break
    if unable:
        warn(
            f"{folder.location}: its file system takes no locks ({unable[0].strerror}), so a marker file keeps other "
            f"commands out; if this machine fails, they can go on {file_lock.LEASE_SEC:.0f} seconds later"
        )
    return lock


def _claimed(folder: RunFolder, on_lost: Callable[[StorageError], None]) -> AbstractContextManager[None]:
    try:
        target = folder.storage.s3_object(_CLAIM)
    except ImportError:
        raise UnclaimableError("boto3 is not installed (pip install 'gan_study[s3]')") from None
    if target is None:
        raise UnclaimableError("only s3:// stores offer what that takes")
    return claimed(folder.location, target, on_lost)


def _owner(folder: RunFolder) -> str:
    try:
        return folder.storage.read_text(_OWNER).removesuffix(f" on {socket.gethostname()}")
    except FileNotFoundError:  # The command has only just begun.
        return "another command"


def _refuse_if_running(folder: RunFolder) -> None:
    status = folder.read_study_status()
    if status is None or status.state != "running":
        return
    if status.pid in (None, os.getpid()):  # in a container every command may have the same number
        return
    if process_lives(status.host, status.pid, status.process):
        raise _in_use(folder, f"pid={status.pid}")


def _in_use(folder: RunFolder, owner: str) -> InputError:
    return InputError(
        f"{folder.location}: one command at a time works on a run folder, but got {owner} still at work on it; "
        "wait for it, or end it first"
    )
