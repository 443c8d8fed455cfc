"""What the verbs ask of a run folder before they begin."""

import os
import shlex
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder


def open_run(location: str) -> RunFolder:
    """The run folder at a location. Raises InputError if there is no folder, or no study has begun in it."""
    folder = RunFolder(location)
    if not folder.storage.exists():
        raise InputError(
            f"{folder.location}: there is no such folder; give the folder that `run` named, or begin a study by "
            "`python -m gan_study run <study file>`"
        )
    folder.require_run()
    return folder


def refuse_if_begun(folder: RunFolder, out: str) -> None:
    """Raise InputError if a study has begun there, with both ways out."""
    if folder.is_a_run():
        raise InputError(
            f"--out {out}: a study runs into a folder of its own, but got {folder.location} with a run in it; "
            f"go on with it by `{resume_command(folder)}`, or choose another --out"
        )


def folders_to_make(folder: RunFolder) -> list[Path]:
    """The run folder and those above it that are not there yet, the innermost first; none in an object store."""
    if not folder.storage.is_local:
        return []
    place = folder.storage.local_path("")
    return [each for each in (place, *place.parents) if not each.exists()]


def take_back(folder: RunFolder, new_folders: Sequence[Path]) -> None:
    """Make a run folder in which nothing has begun what it was before, new folders removed if nothing else is in them.

    Raises StorageError.
    """
    folder.storage.delete("study.yaml")
    with suppress(OSError):  # something else has come to lie there
        for each in new_folders:
            each.rmdir()


def is_completed(folder: RunFolder) -> bool:
    """Whether the study has come to its end, so that nothing is left to train."""
    status = folder.read_study_status()
    return status is not None and status.state == "completed"


def refuse_if_running(folder: RunFolder) -> None:
    """Raise InputError if another process of this machine is at work on the folder."""
    status = folder.read_study_status()
    if status is None or status.state != "running" or status.host != socket.gethostname():
        return
    if status.pid is None or status.pid == os.getpid():  # in a container every command may have the same number
        return
    try:
        os.kill(status.pid, 0)
    except (ProcessLookupError, PermissionError):
        return
    raise InputError(
        f"{folder.location}: a study is run by one process, but got pid={status.pid} still at work on it; "
        "wait for it, or end it first"
    )


def resume_command(folder: RunFolder, address: str | None = None) -> str:
    """The command line that goes on with a run."""
    words = ["python", "-m", "gan_study", "resume", folder.location, *(["--address", address] if address else [])]
    return shlex.join(words)
