"""Whether a process still works on a run folder whose study_status.json says so."""

import os
import socket

from gan_study.runs.folder import RunFolder
from gan_study.runs.records import StudyStatus


def present_status(folder: RunFolder) -> StudyStatus | None:
    """study_status.json; interrupted in place of running if its process was killed and could not write that down."""
    status = folder.read_study_status()
    if status is not None and is_left_off(status):
        return status.model_copy(update={"state": "interrupted", "pid": None})
    return status


def is_left_off(status: StudyStatus) -> bool:
    """Whether the process that a running study names has ended without a word, as far as this machine can tell.

    Of a process on another machine that is not known, so it counts as being at work.
    """
    if status.state != "running" or status.host != socket.gethostname() or status.pid is None:
        return False
    try:
        os.kill(status.pid, 0)
    except (ProcessLookupError, PermissionError):  # by now the number may be that of another user's process
        return True
    return False
