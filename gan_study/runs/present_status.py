"""The status of a study, corrected if its process has been killed."""

import os
import socket

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import StudyStatus


def present_status(folder: RunFolder) -> StudyStatus | None:
    """study_status.json, with `interrupted` in place of `running` if the process was killed before it could write
    that."""
    status = folder.read_study_status()
    if status is not None and is_left_off(status):
        return status.model_copy(update={"state": "interrupted", "pid": None})
    return status


def is_left_off(status: StudyStatus) -> bool:
    """Return True if the process of a running study no longer exists.

    A process on another machine cannot be checked from here and counts as running.
    """
    return status.state == "running" and status.pid is not None and process_has_ended(status.host, status.pid)


def process_has_ended(host: str | None, pid: int, *, other_users: bool = False) -> bool:
    """Return True if a process of this machine no longer exists; False for one of another machine.

    other_users: a process of another user may be meant; else the number has been given out again.
    """
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # It exists, and is another user's.
        return not other_users
    return False
