"""Data of the collapse atlas: verdicts of each arm's trials, and the places of failures in its search space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.trial_verdicts import count_words
from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.report.figures.figure_data import Scale, scale_of


@dataclass(frozen=True)
class VerdictBar:
    """Verdicts on an arm's trials of one phase."""

    arm: str
    phase: str
    """`search` or `confirm`."""
    counts: dict[str, int]
    """Number of trials by verdict, the worst first."""

    @property
    def num(self) -> int:
        """Trials that have ended."""
        return sum(self.counts.values())


def verdict_bars(run: RunData) -> tuple[VerdictBar, ...]:
    """A bar for each arm and phase with ended trials, in the order of the study file."""
    bars = []
    for arm in run.arms:
        for phase in ("search", "confirm"):
            verdicts = [v for t in run.trials if _is_of(t, arm, phase) and (v := run.verdict_of(t))]
            if verdicts:
                bars.append(VerdictBar(arm, phase, count_words(verdicts)))
    return tuple(bars)


def _is_of(trial: TrialData, arm: str, phase: str) -> bool:
    return (trial.config.arm, trial.config.phase) == (arm, phase)


@dataclass(frozen=True)
class Separation:
    """One searched hyperparameter, and how well it separates the failures from the other trials."""

    name: str
    scale: Scale
    categories: tuple[str, ...]
    """Categories in the order of the study file; empty unless the scale is `category`."""
    value: float
    """Distance of the two distributions in [0, 1]: 0 if they are equal, 1 if they do not overlap.

    It is the largest distance of the distribution functions (Kolmogorov-Smirnov), or for categories half the sum of the
    absolute differences of their shares (total variation).
    """


@dataclass(frozen=True)
class MappedTrial:
    """A search trial in the failure map of its arm."""

    trial: str
    word: str
    """Short form of its verdict."""
    is_failure: bool
    values: tuple[Scalar, ...]
    """Values of the map's hyperparameters, in the order of the axes."""


@dataclass(frozen=True)
class FailureMap:
    """The failed and other trials of an arm in its search space."""

    arm: str
    axes: tuple[Separation, ...]
    """The two hyperparameters that separate failures best, the best first; one if only one is searched."""
    trials: tuple[MappedTrial, ...]

    @property
    def num_failures(self) -> int:
        """Number of failures among the drawn trials."""
        return sum(t.is_failure for t in self.trials)


def failure_maps(run: RunData) -> tuple[FailureMap, ...]:
    """A map for each arm with both failed and other search trials."""
    found = (_failure_map(run, arm) for arm in run.arms)
    return tuple(each for each in found if each is not None)


def _failure_map(run: RunData, arm: str) -> FailureMap | None:
    ended = [(t, verdict) for t in run.searched_trials(arm) if (verdict := run.verdict_of(t))]
    separations = []
    for parameter in Arm(run.study, arm).parameters:
        known = [
            (t.config.searched[parameter.name], v.is_failure) for t, v in ended if parameter.name in t.config.searched
        ]
        scale, categories = scale_of([parameter.range], [value for value, _ in known])
        failed, others = ([value for value, failure in known if failure is wanted] for wanted in (True, False))
        if failed and others:
            value = separation(failed, others, is_category=scale == "category")
            separations.append(Separation(parameter.name, scale, categories, value))
    # Equal ones keep the order of the study file.
    axes = tuple(sorted(separations, key=lambda s: -s.value)[:2])
    if not axes:
        return None
    trials = tuple(
        MappedTrial(t.name, v.word, v.is_failure, tuple(t.config.searched[axis.name] for axis in axes))
        for t, v in ended
        if all(axis.name in t.config.searched for axis in axes)
    )
    return FailureMap(arm, axes, trials)


def separation(failed: Sequence[Scalar], others: Sequence[Scalar], is_category: bool) -> float:
    """Distance of two samples, neither of them empty, in [0, 1]; see `Separation.value`."""
    values = sorted({*failed, *others}, key=str) if is_category else sorted({*failed, *others})
    shares = [
        np.array([sample.count(value) for value in values]) / len(sample) for sample in (list(failed), list(others))
    ]
    differences = shares[0] - shares[1]
    return float(np.abs(differences).sum() / 2 if is_category else np.abs(np.cumsum(differences)).max())
