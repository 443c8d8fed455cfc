"""The points, in images, at which a study's scheduler may stop a trial: grace, rungs and brackets."""

import math
from dataclasses import dataclass

from gan_study.config.study import StudyConfig

_DEFAULT_REDUCTION_FACTOR = 3


@dataclass(frozen=True)
class Bracket:
    """A part of an arm's trials; a trial is compared only with those of its own bracket."""

    share: float
    """Expected share of an arm's trials, in (0, 1]; a hash of a trial's number decides its bracket."""
    rungs_kimg: tuple[float, ...]
    """Points below the end of the training at which trials may be stopped; empty if they never are."""


def stops_trials(study: StudyConfig) -> bool:
    """Return True if the scheduler may stop trials for good before their end."""
    return study.search.scheduler in ("asha", "hyperband", "median")


def reduction_factor(study: StudyConfig) -> int:
    """asha, hyperband: one in this many trials survives each rung."""
    return study.search.reduction_factor or _DEFAULT_REDUCTION_FACTOR


def grace_kimg(study: StudyConfig) -> float:
    """Images before which no trial is stopped."""
    return study.search.grace_kimg or study.budget.evaluate_every_kimg


def min_completed_trials(study: StudyConfig) -> int:
    """median: completed trials of an arm before any is stopped.

    With one completed trial, every second trial after it would be stopped; with Optuna's default of five, none would be
    in a small search.
    """
    return study.search.min_completed_trials or min(5, max(2, study.budget.trials_per_arm // 3))


def num_brackets(study: StudyConfig, max_kimg: float) -> int:
    """The number of hyperband's brackets for trainings of at most `max_kimg`; 0 if they end before the first rung.

    Optuna's formula: floor(log(max / min) to the base of the reduction factor) + 1, of whole images.
    """
    ratio = round(1000 * max_kimg) / round(1000 * grace_kimg(study))
    return max(0, math.floor(math.log(ratio, reduction_factor(study))) + 1)


def brackets(study: StudyConfig, max_kimg: float) -> tuple[Bracket, ...]:
    """An arm's brackets for trainings of at most `max_kimg`: one under asha, none without rungs."""
    if study.search.scheduler == "asha":
        return (Bracket(1.0, _rungs(study, 0, max_kimg)),)
    if study.search.scheduler != "hyperband":
        return ()
    num, factor = num_brackets(study, max_kimg), reduction_factor(study)
    # Optuna's shares, from Hyperband's algorithm: the first bracket gets the most trials.
    weights = [math.ceil(num * factor**s / (s + 1)) for s in reversed(range(num))]
    return tuple(Bracket(w / sum(weights), _rungs(study, i, max_kimg)) for i, w in enumerate(weights))


def _rungs(study: StudyConfig, bracket: int, max_kimg: float) -> tuple[float, ...]:
    rungs, factor = [], reduction_factor(study)
    rung = grace_kimg(study) * factor**bracket
    while rung < max_kimg:
        rungs.append(rung)
        rung *= factor
    return tuple(rungs)
