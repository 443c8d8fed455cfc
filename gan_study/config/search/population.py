"""Settings of population based training with their defaults, and the hyperparameters that an arm's copies change."""

from gan_study.config.arms.arm import Arm
from gan_study.config.population import SCHEDULED, PbtConfig
from gan_study.config.study import StudyConfig


def pbt_settings(study: StudyConfig) -> PbtConfig:
    """The study's settings of pbt, or the defaults."""
    return study.search.pbt or PbtConfig()


def interval_kimg(study: StudyConfig) -> float:
    """Images between two comparisons of a population."""
    return pbt_settings(study).interval_kimg or study.budget.evaluate_every_kimg


def scheduled_names(arm: Arm) -> tuple[str, ...]:
    """The hyperparameters that an arm's copies change, in the order of `SCHEDULED`."""
    searched = {parameter.name for parameter in arm.parameters}
    return tuple(name for name in SCHEDULED if name in searched)
