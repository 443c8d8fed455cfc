"""What is still to be done of a completed trial after its last step. Known without torch, which does the work."""

from gan_study.config.training import TrialConfig
from gan_study.runs.records import EndPart, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.trial_record import TrialRecord

_FILES: dict[EndPart, str] = {
    "diagnosis": "diagnosis.json",
    "interpolation": "samples/interpolation.png",
    "final_scores": "final_scores.json",
}


def missing_end_parts(config: TrialConfig, status: TrialStatus, folder: TrialFolder) -> list[EndPart]:
    """The parts of a completed trial's end work that its study asks for and its folder does not hold."""
    if status.state is not TrialState.COMPLETED:
        return []
    is_confirmed, at_end = config.phase == "confirm", config.diagnosis.at_end
    is_wanted: dict[EndPart, bool] = {
        "diagnosis": at_end == "all" or (at_end == "confirmed" and is_confirmed),
        "interpolation": is_confirmed,
        "final_scores": is_confirmed and config.training.objective.final_draws > 0,
    }
    parts = [part for part, wanted in is_wanted.items() if wanted and part not in status.end_not_finite]
    return [part for part in parts if not folder.storage.exists(_FILES[part])]


def lacks_end_work(trial: TrialRecord) -> bool:
    """Whether a completed trial is to be sent out once more, for its end work alone."""
    if trial.state is not TrialState.COMPLETED:
        return False
    status = trial.folder.read_status()
    return status is not None and bool(missing_end_parts(trial.config, status, trial.folder))


def note_end_failure(trial: TrialRecord, status: TrialStatus, reason: str) -> None:
    """Write down that a trial's process died after its last step. The first part that is missing was at work."""
    missing = missing_end_parts(trial.config, status, trial.folder)
    if missing:
        failures = {**status.end_failures, missing[0]: reason}
        trial.folder.write_status(status.model_copy(update={"end_failures": failures}))
