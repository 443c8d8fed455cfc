"""The importance of hyperparameters by Optuna's fANOVA, with its uncertainty and with its value by chance alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, FloatDistribution

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.space import LogUniformRange, contains, range_text
from gan_study.config.study import StudyConfig
from gan_study.runs.records.diagnosis import VerdictName
from gan_study.runs.records.importance import ImportanceRecord, ParameterImportance, Target, TargetImportance
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.director.trial_record import TrialRecord
from gan_study.search.sampling.distributions import distribution

MIN_TRIALS = 10
"""Least number of trials: with fewer, a forest attributes a third of the variance and more to noise."""
MIN_OF_EACH_KIND = 2
"""Least number of failed trials, and of others, from which a forest can learn the difference."""
MAX_TRIALS = 100
"""Most trials in a forest, chosen at random: its time grows faster than their number."""
_NUM_FORESTS, _NUM_TREES, _NUM_RESAMPLES, _NUM_SHUFFLES = 4, 16, 30, 20
_COLLAPSED = (VerdictName.TOTAL_COLLAPSE, VerdictName.SHRUNKEN_MODES, VerdictName.PARTIAL_COLLAPSE)


@dataclass(frozen=True)
class Sample:
    """One search trial: its values by dotted name, and the target."""

    values: Mapping[str, Scalar]
    target: float


def study_importance(study: StudyConfig, director: Director) -> ImportanceRecord:
    """Return the importance of every arm's searched hyperparameters over its ended search trials of all repeats."""
    targets = []
    for arm in arms_of(study):
        ended = [t for t in director.agenda.arm_trials(arm.name, "search") if t.state.is_final]
        targets += [_score_importance(arm, ended), _failure_importance(arm, ended)]
    return ImportanceRecord(
        num_forests=_NUM_FORESTS,
        num_trees=_NUM_TREES,
        num_resamples=_NUM_RESAMPLES,
        num_shuffles=_NUM_SHUFFLES,
        targets=tuple(targets),
    )


def _score_importance(arm: Arm, ended: Sequence[TrialRecord]) -> TargetImportance:
    # A stopped trial was scored after a shorter training, so its score is not comparable.
    scored = [(t, t.score) for t in ended if t.state is TrialState.COMPLETED and t.score is not None]
    is_positive = all(score > 0 for _, score in scored)
    samples = [Sample(t.config.searched, float(np.log(score)) if is_positive else score) for t, score in scored]
    reason = None
    if len(samples) < MIN_TRIALS:
        reason = f"{len(samples)} of {len(ended)} search trials trained to their end, and {MIN_TRIALS} are needed"
    elif len({sample.target for sample in samples}) == 1:
        reason = "all scores are equal"
    return arm_importance(arm, "score", "log" if is_positive else "linear", samples, reason)


def _failure_importance(arm: Arm, ended: Sequence[TrialRecord]) -> TargetImportance:
    samples = [Sample(t.config.searched, float(_has_failed(t))) for t in ended]
    num_failed = sum(sample.target == 1 for sample in samples)
    reason = None
    if len(samples) < MIN_TRIALS:
        reason = f"{len(samples)} search trials have ended, and {MIN_TRIALS} are needed"
    elif num_failed == 0:
        reason = f"none of {len(samples)} search trials has diverged, failed or collapsed"
    elif min(num_failed, len(samples) - num_failed) < MIN_OF_EACH_KIND:
        reason = (
            f"{num_failed} of {len(samples)} search trials failed, and at least {MIN_OF_EACH_KIND} that failed and "
            f"{MIN_OF_EACH_KIND} that did not are needed"
        )
    found = arm_importance(arm, "failure", "0/1", samples, reason)
    return found.model_copy(update={"num_failed": num_failed})


def _has_failed(trial: TrialRecord) -> bool:
    if trial.state in (TrialState.DIVERGED, TrialState.FAILED) or trial.collapsed:
        return True
    diagnosis = trial.folder.read_diagnosis()
    return diagnosis is not None and diagnosis.verdict.name in _COLLAPSED


def arm_importance(
    arm: Arm, target: Target, scale: Any, samples: Sequence[Sample], reason: str | None = None
) -> TargetImportance:
    """Return the importance of an arm's searched hyperparameters for one target of its trials.

    Hyperparameters that exist in every trial are analysed together, over the trials with a value inside every range. A
    conditional one is analysed beside them, over the trials in which it exists. reason: why no importance can be
    computed, or None.
    """
    parameters, fixed = arm.parameters, arm.fixed
    common = [p for p in parameters if all(p.is_active(values) for values in arm.assignments)]
    importances: dict[str, ParameterImportance] = {}
    if reason is None:
        importances = _compute_importance(common, common, fixed, samples)
        for parameter in parameters:
            if parameter not in common:
                importances |= _compute_importance([*common, parameter], [parameter], fixed, samples)
    return TargetImportance(
        arm=arm.name,
        target=target,
        scale=scale,
        num_trials=len(samples),
        num_failed=None,
        parameters=tuple(importances.get(p.label) or _no_importance(p, 0, reason) for p in parameters),
        reason=reason,
    )


def _compute_importance(
    present: Sequence[Parameter], wanted: Sequence[Parameter], fixed: Mapping[str, Scalar], samples: Sequence[Sample]
) -> dict[str, ParameterImportance]:
    """Return the importance of `wanted`, by label, over the samples in which all of `present` exist."""
    if not wanted:
        return {}
    kept = [s for s in samples if all(_has(p, {**fixed, **s.values}) for p in present)]
    is_conditional = len(present) > len(wanted)
    targets = np.array([s.target for s in kept])
    if len(kept) < MIN_TRIALS:
        where = "it exists in" if is_conditional else "all values lie inside their ranges in"
        reason = f"{where} {len(kept)} of {len(samples)} trials, and {MIN_TRIALS} are needed"
        return {p.label: _no_importance(p, len(kept), reason, is_conditional) for p in wanted}
    if len(np.unique(targets)) == 1:
        reason = "all trials in which it exists had the same result"
        return {p.label: _no_importance(p, len(kept), reason, is_conditional) for p in wanted}
    forest = _Forest(present, kept)
    # The seed is fixed, so that a report that is written again holds the same numbers.
    rng = np.random.default_rng(0)
    everything = np.arange(forest.num)
    whole = [forest.shares(everything, forest.targets, seed) for seed in range(_NUM_FORESTS)]
    resampled = [
        forest.shares(_draw_positions(rng, forest.targets), forest.targets, _NUM_FORESTS + seed)
        for seed in range(_NUM_RESAMPLES)
    ]
    shuffled = [forest.shares(everything, rng.permutation(forest.targets), seed) for seed in range(_NUM_SHUFFLES)]
    return {
        p.label: ParameterImportance(
            name=p.label,
            num_trials=len(kept),
            value=float(np.mean([shares[p.label] for shares in whole])),
            low=float(np.quantile([shares[p.label] for shares in resampled], 0.025)),
            high=float(np.quantile([shares[p.label] for shares in resampled], 0.975)),
            by_chance=float(np.quantile([shares[p.label] for shares in shuffled], 0.95)),
            condition=_condition(p) if is_conditional else None,
        )
        for p in wanted
    }


def _draw_positions(rng: np.random.Generator, targets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Draw positions with replacement, again and again until the targets there are not all equal."""
    while True:
        places = rng.integers(len(targets), size=len(targets))
        if len(np.unique(targets[places])) > 1:
            return places


class _Forest:
    """Trials in Optuna's form, from which forests are grown."""

    def __init__(self, parameters: Sequence[Parameter], samples: Sequence[Sample]) -> None:
        if len(samples) > MAX_TRIALS:
            chosen = np.random.default_rng(0).choice(len(samples), MAX_TRIALS, replace=False)
            samples = [samples[i] for i in sorted(chosen)]
        self.num = len(samples)
        self.targets = np.array([s.target for s in samples])
        self._distributions = {p.label: _distribution(p) for p in parameters}
        self._values = [{p.label: _position(p, s.values[p.name]) for p in parameters} for s in samples]

    def shares(self, places: NDArray[np.int64], targets: NDArray[np.float64], seed: int) -> dict[str, float]:
        """Return the share of the variance that each parameter alone explains, over the trials at `places`."""
        # Imports scikit-learn, which takes a second and which a small study never needs.
        from optuna.importance import FanovaImportanceEvaluator

        study = optuna.create_study()
        study.add_trials(
            [
                optuna.trial.create_trial(
                    params=self._values[i], distributions=self._distributions, value=float(targets[i])
                )
                for i in places
            ]
        )
        evaluate: Callable[..., dict[str, float]] = FanovaImportanceEvaluator(n_trees=_NUM_TREES, seed=seed).evaluate
        try:
            return evaluate(study)
        except RuntimeError:  # Optuna raises it if every tree of the forest is a single leaf
            return dict.fromkeys(self._distributions, 0.0)


def _has(parameter: Parameter, values: Mapping[str, Scalar]) -> bool:
    name = parameter.name
    return name in values and parameter.is_active(values) and contains(parameter.range, values[name])


def _distribution(parameter: Parameter) -> BaseDistribution:
    """Return the distribution on the scale of the draws: Optuna's fANOVA ignores that a range is logarithmic."""
    if isinstance(parameter.range, LogUniformRange):
        low, high = parameter.range.log_uniform
        return FloatDistribution(float(np.log(low)), float(np.log(high)))
    return distribution(parameter.range)


def _position(parameter: Parameter, value: Scalar) -> Scalar:
    return float(np.log(value)) if isinstance(parameter.range, LogUniformRange) else value


def _no_importance(parameter: Parameter, num_trials: int, reason: str | None, is_conditional: bool = False) -> Any:
    return ParameterImportance(
        name=parameter.label,
        num_trials=num_trials,
        value=None,
        low=None,
        high=None,
        by_chance=None,
        reason=reason,
        condition=_condition(parameter) if is_conditional else None,
    )


def _condition(parameter: Parameter) -> str:
    condition = range_text(parameter.range).partition(" where ")[2]
    return condition or "where it has an effect"
