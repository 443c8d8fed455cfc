"""Messages between the driver and the trials: plain dictionaries for Ray, typed on both sides."""

from dataclasses import dataclass
from typing import Any

from gan_study.config.training import TrialConfig
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.training.progress import Progress

_ABORT, _FAILURE, _STATE, _EVALUATION = "abort", "failure", "state", "evaluation"


@dataclass(frozen=True)
class TrialOrder:
    """A trial to train, and the run folder of its study."""

    config: TrialConfig
    run_folder: str
    pause_nimg: int | None = None
    """Images at whose evaluation the trial pauses for its population; None if it goes on to its end."""

    def to_tune(self) -> dict[str, Any]:
        """Return the order as a Tune configuration."""
        config = self.config.model_dump_json()
        return {"trial_config": config, "run_folder": self.run_folder, "pause_nimg": self.pause_nimg}

    @classmethod
    def from_tune(cls, config: dict[str, Any]) -> "TrialOrder":
        """Return the order in a Tune configuration."""
        trial = TrialConfig.model_validate_json(config["trial_config"])
        return cls(trial, config["run_folder"], config["pause_nimg"])

    def is_done(self, progress: Progress) -> bool:
        """Return True if the trial has ended with this progress, or pauses after it."""
        evaluation = progress.evaluation
        paused = self.pause_nimg is not None and evaluation is not None and evaluation.cur_nimg >= self.pause_nimg
        return progress.status.state.is_final or paused


def progress_message(progress: Progress, order: TrialOrder) -> dict[str, Any]:
    """Return a trial's progress as a Tune result; `done` ends the Tune trial."""
    return {
        _STATE: progress.status.state.value,
        _EVALUATION: progress.evaluation.model_dump_json() if progress.evaluation else "",
        "done": order.is_done(progress),
    }


def abort_message(reason: str) -> dict[str, Any]:
    """Return a Tune result that ends the whole study."""
    return {_ABORT: reason, "done": True}


def failure_message(reason: str) -> dict[str, Any]:
    """Return a Tune result that ends its trial as failed, if another try would only fail again."""
    return {_FAILURE: reason, "done": True}


def is_last(result: dict[str, Any]) -> bool:
    """Return True if a Tune result ends its trial."""
    return bool(result["done"])


def read_failure(result: dict[str, Any]) -> str | None:
    """Return the reason why the trial has failed for good, or None."""
    return result.get(_FAILURE)


def read_abort(result: dict[str, Any]) -> str | None:
    """Return the reason why the whole study must end, or None."""
    return result.get(_ABORT)


def read_progress(result: dict[str, Any]) -> tuple[TrialState, EvaluationRecord | None] | None:
    """Return state and evaluation of a result; None if the trial has reported nothing."""
    if _STATE not in result:
        return None
    evaluation = result[_EVALUATION]
    return TrialState(result[_STATE]), EvaluationRecord.model_validate_json(evaluation) if evaluation else None


def tracker_numbers(evaluation: EvaluationRecord) -> dict[str, float]:
    """Return an evaluation's numbers under flat names (`losses/d_loss`), for trackers, without those that are None."""
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
