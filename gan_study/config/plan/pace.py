"""How fast this machine trains and scores, as it has been measured for a study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from statistics import fmean


@dataclass(frozen=True)
class Pace:
    """Ratios of measured seconds to those of `training_time`, whose figures come from the developers' machine.

    What was not measured takes the (geometric) mean of the steps' ratios, or 1 if nothing was measured.
    """

    num_cpus: int
    """Cores of this machine."""
    num_gpus: int = 0
    """That torch can use; 0 if the study does without."""
    step: Mapping[str, float] = field(default_factory=dict)
    """Of a training step, by arm."""
    scoring: float | None = None
    """Of a generated image that is made and scored."""
    learning_sec_per_kimg: float | None = None
    """Seconds in which the extractor learns from a thousand images with all cores that it may use; None if it is not
    trained or was not measured."""
    extractor_is_kept: bool = False
    """Whether the extractor needs no training, as this machine's cache has it."""

    @property
    def is_measured(self) -> bool:
        """Whether the ratios are this machine's."""
        return bool(self.step)

    @property
    def machine(self) -> float:
        """Of the machine as a whole: that of the steps, as the seconds of a score vary more with the networks."""
        known = list(self.step.values()) or [self.scoring or 1.0]
        return exp(fmean(log(ratio) for ratio in known))

    def step_of(self, arm: str) -> float:
        """Of a training step of `arm`."""
        return self.step.get(arm, self.machine)

    @property
    def scored(self) -> float:
        """Of a generated image that is made and scored."""
        return self.scoring or self.machine
