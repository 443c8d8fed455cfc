"""Arms compared by the scores of their confirmed seeds: fresh trainings of the configuration the search found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby
from statistics import fmean

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.statistics import (
    ScoreDistribution,
    describe_scores,
    holm,
    mann_whitney_p,
    probability_lower,
    smallest_p,
)
from gan_study.runs.records import ObjectiveRecord, TrialState

SIGNIFICANCE = 0.05
"""An arm wins if its p against every other arm, after Holm's correction, is below this."""


@dataclass(frozen=True)
class ConfirmedArm:
    """The confirmed seeds of one arm: all that have ended, none dropped."""

    arm: str
    source: str
    """The search trial whose configuration was re-trained."""
    search_score: float | None
    """What that search trial scored."""
    trials: tuple[TrialData, ...]
    """One for each seed; those without a score diverged or failed."""
    counted: tuple[float, ...]
    """The scores as they are compared: at most the failure score, which also stands for a failed seed."""
    distribution: ScoreDistribution
    """Of the counted scores."""
    num_configurations: int
    """How many of the arm's configurations were re-trained; this is the one with the lowest mean."""

    @property
    def failed(self) -> tuple[TrialData, ...]:
        """The seeds without a score."""
        return tuple(t for t in self.trials if t.score is None)

    @property
    def optimism(self) -> float | None:
        """Confirmed mean minus search score: how much too good the search value was. None below five seeds."""
        if self.distribution.mean is None or self.search_score is None:
            return None
        return self.distribution.mean - self.search_score


def confirmed_arms(run: RunData) -> dict[str, ConfirmedArm]:
    """The arms of which a confirm trial has ended, in the order of the study file; empty without an objective.

    If several configurations of an arm were re-trained, the one with the lowest mean of counted scores stands for it.
    """
    if run.objective is None:
        return {}
    found = [_confirmed_arm(run, arm, run.objective) for arm in run.arms]
    return {arm.arm: arm for arm in found if arm is not None}


def _confirmed_arm(run: RunData, arm: str, objective: ObjectiveRecord) -> ConfirmedArm | None:
    ended = [t for t in run.of_arm(arm, "confirm") if t.state.is_final]
    ended.sort(key=lambda t: (t.config.source or "", t.config.index))
    groups = [tuple(group) for _, group in groupby(ended, key=lambda t: t.config.source)]
    if not groups:
        return None
    trials = min(groups, key=lambda group: fmean(_counted(group, objective)))
    counted = _counted(trials, objective)
    source = trials[0].config.source or ""
    found = next((t for t in run.of_arm(arm, "search") if t.name == source), None)
    return ConfirmedArm(
        arm=arm,
        source=source,
        search_score=found.score if found else None,
        trials=trials,
        counted=counted,
        distribution=describe_scores(counted),
        num_configurations=len(groups),
    )


def _counted(trials: Sequence[TrialData], objective: ObjectiveRecord) -> tuple[float, ...]:
    worst = objective.failure_score
    return tuple(worst if t.score is None else min(t.score, worst) for t in trials)


@dataclass(frozen=True)
class PairComparison:
    """Two arms: how often a confirmed seed of `a` has the lower score than one of `b`."""

    a: str
    b: str
    num_a: int
    num_b: int
    probability_lower: float
    """P(A < B), ties one half."""
    p: float
    """Two-sided exact Mann-Whitney p."""
    p_holm: float
    """The same after Holm's correction over all pairs of arms."""
    smallest_p: float
    """The smallest p that these numbers of seeds can give."""

    @property
    def is_distinguishable(self) -> bool:
        """Whether the corrected p is below the level of significance."""
        return self.p_holm < SIGNIFICANCE


@dataclass(frozen=True)
class Comparison:
    """All pairs of arms, and who leads."""

    leader: str
    """The arm with the highest mean of P(A < B) over the others; of equals, the one with the lowest mean score."""
    pairs: tuple[PairComparison, ...]
    """Every pair once."""
    leader_pairs: tuple[PairComparison, ...]
    """The leader as `a` against each other arm."""

    @property
    def is_decided(self) -> bool:
        """Whether the leader is distinguishable from every other arm, and better than each."""
        return all(p.is_distinguishable and p.probability_lower > 0.5 for p in self.leader_pairs)


def compare_arms(arms: Sequence[ConfirmedArm]) -> Comparison:
    """Compare two or more arms, pair by pair, Holm-corrected over the pairs."""
    chosen = list(combinations(arms, 2))
    raw = [mann_whitney_p(a.counted, b.counted) for a, b in chosen]
    pairs = tuple(
        PairComparison(
            a=a.arm,
            b=b.arm,
            num_a=len(a.counted),
            num_b=len(b.counted),
            probability_lower=probability_lower(a.counted, b.counted),
            p=p,
            p_holm=corrected,
            smallest_p=smallest_p(len(a.counted), len(b.counted)),
        )
        for (a, b), p, corrected in zip(chosen, raw, holm(raw), strict=True)
    )
    seen_from = {arm.arm: tuple(_seen_from(arm.arm, p) for p in pairs if arm.arm in (p.a, p.b)) for arm in arms}

    def rank(arm: ConfirmedArm) -> tuple[float, float]:
        return -fmean(p.probability_lower for p in seen_from[arm.arm]), fmean(arm.counted)

    leader = min(arms, key=rank).arm
    return Comparison(leader, pairs, seen_from[leader])


def _seen_from(arm: str, pair: PairComparison) -> PairComparison:
    if pair.a == arm:
        return pair
    turned = 1 - pair.probability_lower
    return replace(pair, a=pair.b, b=pair.a, num_a=pair.num_b, num_b=pair.num_a, probability_lower=turned)


def failure_rate(trials: Sequence[TrialData]) -> float | None:
    """Share of the ended trials that diverged or failed; None if none has ended."""
    ended = [t for t in trials if t.state.is_final]
    lost = [t for t in ended if t.state in (TrialState.DIVERGED, TrialState.FAILED)]
    return len(lost) / len(ended) if ended else None
