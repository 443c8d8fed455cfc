"""What goes between the driver and the trials: plain dictionaries for Ray, typed on both sides."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gan_study.config.training import TrialConfig
from gan_study.runs.records import EvaluationRecord, TrialState

if TYPE_CHECKING:  # imports torch, which the driver does without
    from gan_study.training.loop import Progress

_ABORT, _STATE, _EVALUATION = "abort", "state", "evaluation"


@dataclass(frozen=True)
class TrialOrder:
    """Which trial to train, and where its study lives."""

    config: TrialConfig
    run_folder: str

    def to_tune(self) -> dict[str, str]:
        """As a Tune configuration."""
        return {"trial_config": self.config.model_dump_json(), "run_folder": self.run_folder}

    @classmethod
    def from_tune(cls, config: dict[str, Any]) -> "TrialOrder":
        """From a Tune configuration."""
        return cls(TrialConfig.model_validate_json(config["trial_config"]), config["run_folder"])


def progress_message(progress: "Progress") -> dict[str, Any]:
    """A trial's progress as a Tune result; `done` ends the Tune trial."""
    return {
        _STATE: progress.status.state.value,
        _EVALUATION: progress.evaluation.model_dump_json() if progress.evaluation else "",
        "done": progress.status.state.is_final,
    }


def abort_message(reason: str) -> dict[str, Any]:
    """A Tune result that asks for the end of the whole study."""
    return {_ABORT: reason, "done": True}


def read_abort(result: dict[str, Any]) -> str | None:
    """The reason why the whole study has to end, if the result holds one."""
    return result.get(_ABORT)


def read_progress(result: dict[str, Any]) -> tuple[TrialState, EvaluationRecord | None] | None:
    """State and evaluation of a result; None if the trial has reported nothing."""
    if _STATE not in result:
        return None
    evaluation = result[_EVALUATION]
    return TrialState(result[_STATE]), EvaluationRecord.model_validate_json(evaluation) if evaluation else None


def tracker_numbers(evaluation: EvaluationRecord) -> dict[str, float]:
    """An evaluation's numbers under flat names (`losses/d_loss`), for trackers; what does not exist is left out."""
    numbers = _flat_numbers(evaluation.model_dump(exclude={"class_shares"}))
    if evaluation.class_shares:
        numbers["smallest_class_share"] = min(evaluation.class_shares)
    return numbers


def _flat_numbers(values: dict[str, Any], prefix: str = "") -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            numbers.update(_flat_numbers(value, f"{prefix}{name}/"))
        elif isinstance(value, int | float):
            numbers[prefix + name] = value
    return numbers
