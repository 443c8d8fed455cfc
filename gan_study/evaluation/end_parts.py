"""The missing parts of a completed trial's end work, found without torch because the study's driver needs them."""

from gan_study.config.training import TrialConfig
from gan_study.runs.records.status import EndPart, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder

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
