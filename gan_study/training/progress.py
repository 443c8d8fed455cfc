"""The training loop's message to its driver. Imports no torch, so that the driver of a study can read it."""

from dataclasses import dataclass

from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialStatus


@dataclass(frozen=True)
class Progress:
    """A trial's status after an evaluation or at its end."""

    status: TrialStatus
    evaluation: EvaluationRecord | None
    """None if the trial diverged, or if its study ended it while it trained."""
