"""The lock that lets only one command at a time work on a run folder."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gan_study.errors import InputError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.present_status import is_left_off

_CLAIM, _OWNER = ".claim", ".claimed_by"
"""The file that a command locks, and the file with that command's process number."""


@contextmanager
def lock_run_folder(folder: RunFolder) -> Iterator[None]:
    """Keep other commands that write into a run folder out of it.

    On a disk this is a lock, which ends with its process in any case. An object store has no locks: there, only a study
    that a process of this machine is training is refused. The lock's files are removed at the end, and so are the
    folders made for it that are still empty. Raises InputError if another command uses the folder.
    """
    if not folder.storage.is_local:
        _refuse_if_running(folder)
        yield
        return
    place = folder.storage.local_path("")
    new_folders = [each for each in (place, *place.parents) if not each.exists()]
    lock = folder.storage.lock(_CLAIM)
    if lock is None:
        raise _in_use(folder, _owner(folder))
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


def _owner(folder: RunFolder) -> str:
    try:
        return folder.storage.read_text(_OWNER).removesuffix(f" on {socket.gethostname()}")
    except FileNotFoundError:  # The command has only just begun.
        return "another command"


def _refuse_if_running(folder: RunFolder) -> None:
    status = folder.read_study_status()
    if status is None or status.state != "running" or status.host != socket.gethostname():
        return
    if status.pid in (None, os.getpid()):  # in a container every command may have the same number
        return
    if not is_left_off(status):
        raise _in_use(folder, f"pid={status.pid}")


def _in_use(folder: RunFolder, owner: str) -> InputError:
    return InputError(
        f"{folder.location}: one command at a time works on a run folder, but got {owner} still at work on it; "
        "wait for it, or end it first"
    )
