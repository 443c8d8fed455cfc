"""The speed at which this machine trains and scores, as measured for a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from statistics import fmean


@dataclass(frozen=True)
class Pace:
    """Ratios of measured seconds to the estimates of `training_time`, which are for the developers' machine.

    A ratio that was not measured is the geometric mean of the steps' ratios, or 1 if nothing was measured.
    """

    num_cpus: int
    """Cores of this machine."""
    num_gpus: int = 0
    """GPUs that torch can use; 0 if the study uses none."""
    step: Mapping[str, float] = field(default_factory=dict)
    """Ratio for a training step, by arm."""
    scoring: float | None = None
    """Ratio for generating and scoring an image; None if it was not measured."""
    learning_sec_per_kimg: float | None = None
    """Seconds of the extractor's training per thousand images, on all cores that it may use; None if it is not trained
    or was not measured."""
    extractor_is_kept: bool = False
    """True if the extractor needs no training, because it is in this machine's cache."""

    @property
    def is_measured(self) -> bool:
        """True if the ratios were measured on this machine."""
        return bool(self.step)

    @property
    def machine(self) -> float:
        """Ratio for the machine as a whole: that of the steps, since a score's time varies more with the networks."""
        known = list(self.step.values()) or [self.scoring or 1.0]
        return exp(fmean(log(ratio) for ratio in known))

    def step_of(self, arm: str) -> float:
        """Ratio for a training step of `arm`."""
        return self.step.get(arm, self.machine)

    @property
    def scored(self) -> float:
        """Ratio for generating and scoring an image."""
        return self.scoring or self.machine
