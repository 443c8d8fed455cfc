"""The collapse atlas as plain values: how many trials of each arm have which verdict, and where failures lie."""

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
    """The verdicts on an arm's trials of one phase."""

    arm: str
    phase: str
    """search or confirm."""
    counts: dict[str, int]
    """Trials by the word of their verdict, the worst first."""

    @property
    def num(self) -> int:
        """Trials that have ended."""
        return sum(self.counts.values())


def verdict_bars(run: RunData) -> tuple[VerdictBar, ...]:
    """One for each arm and phase of which a trial has ended, in the order of the study file."""
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
    """One searched hyperparameter, and how far it tells the failures from the other trials."""

    name: str
    scale: Scale
    categories: tuple[str, ...]
    """In the order of the study file; empty unless the scale is category."""
    value: float
    """In [0, 1]: the largest distance of the two distribution functions (Kolmogorov-Smirnov), or, of categories, half
    the sum of the differences of their shares; 0: failures lie where the others do, 1: apart from them."""


@dataclass(frozen=True)
class MappedTrial:
    """A search trial in the map of its arm."""

    trial: str
    word: str
    """Of its verdict."""
    is_failure: bool
    values: tuple[Scalar, ...]
    """Of the map's hyperparameters."""


@dataclass(frozen=True)
class FailureMap:
    """Where in the search space of an arm its failures lie."""

    arm: str
    axes: tuple[Separation, ...]
    """The two hyperparameters that separate best, the best first; one, if only one is searched."""
    trials: tuple[MappedTrial, ...]

    @property
    def num_failures(self) -> int:
        """Trials among those drawn whose verdict or end names something wrong."""
        return sum(t.is_failure for t in self.trials)


def failure_maps(run: RunData) -> tuple[FailureMap, ...]:
    """One for each arm of which some search trials failed and some did not."""
    found = (_failure_map(run, arm) for arm in run.arms)
    return tuple(each for each in found if each is not None)


def _failure_map(run: RunData, arm: str) -> FailureMap | None:
    ended = [(t, verdict) for t in run.searched(arm) if (verdict := run.verdict_of(t))]
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
    # Equal ones stay in the order of the study file.
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
    """How far the two samples (neither empty) lie apart, in [0, 1]; see `Separation.value`."""
    values = sorted({*failed, *others}, key=str) if is_category else sorted({*failed, *others})
    shares = [
        np.array([sample.count(value) for value in values]) / len(sample) for sample in (list(failed), list(others))
    ]
    differences = shares[0] - shares[1]
    return float(np.abs(differences).sum() / 2 if is_category else np.abs(np.cumsum(differences)).max())
