"""The end work of completed trials: whether it is missing, and a record that it has failed."""

from gan_study.evaluation.end_parts import missing_end_parts
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.director.trial_record import TrialRecord


def lacks_end_work(trial: TrialRecord) -> bool:
    """Return True if a completed trial must be started once more for its end work alone."""
    if trial.state is not TrialState.COMPLETED:
        return False
    status = trial.folder.read_status()
    return status is not None and bool(missing_end_parts(trial.config, status, trial.folder))


def record_end_failure(trial: TrialRecord, status: TrialStatus, reason: str) -> None:
    """Write that a trial's process died during its end work: in the first part that is missing."""
    missing = missing_end_parts(trial.config, status, trial.folder)
    if missing:
        failures = {**status.end_failures, missing[0]: reason}
        trial.folder.write_status(status.model_copy(update={"end_failures": failures}))
