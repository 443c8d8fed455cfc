"""The status of a study, corrected if its process has been killed."""

from gan_study.runs.folder import RunFolder
from gan_study.runs.process_identity import process_lives
from gan_study.runs.records.status import StudyStatus


def present_status(folder: RunFolder) -> StudyStatus | None:
    """study_status.json, with `interrupted` in place of `running` if the process was killed before it could write
    that.

    A process on another machine cannot be seen from here and counts as running.
    """
    status = folder.read_study_status()
    if status is None or status.state != "running" or status.pid is None:
        return status
    if process_lives(status.host, status.pid, status.process) is False:
        return status.model_copy(update={"state": "interrupted", "pid": None})
    return status
