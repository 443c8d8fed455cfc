"""Failure rates of trainings, and scores of those that did not fail. The report always shows both."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import scipy  # loads its parts when they are used

from gan_study.analysis.run_data import TrialData
from gan_study.analysis.statistics.estimate import CONFIDENCE, Estimate
from gan_study.analysis.statistics.seed_scores import SeedScores, describe_seeds
from gan_study.runs.counted_generator import At
from gan_study.runs.records.measurements import ObjectiveRecord


@dataclass(frozen=True)
class FailureRate:
    """Number and share of failed trials among the ended ones. A stopped trial is not a failure."""

    num_failed: int
    num_ended: int
    share: Estimate | None
    """Share of the ended trials in [0, 1], with Wilson's interval; None if none has ended."""


@dataclass(frozen=True)
class ConditionalScores:
    """Scores of the trainings that succeeded, with the share that failed."""

    scores: SeedScores | None
    """Scores of the trainings that did not fail; None if all failed."""
    failures: FailureRate


def describe_failures(trials: Sequence[TrialData], collapsed: Collection[tuple[str, str]] = ()) -> FailureRate:
    """Share of failed trials among the ended ones, with the interval of Wilson 1927.

    A trial failed if it ended without a score (it diverged, failed, or its last images were not finite), or if it is
    in `collapsed`: arm and name of the trials whose generator collapsed, though they have a score.
    """
    ended = [t for t in trials if t.state.is_final]
    num_failed = sum(t.is_lost or (t.config.arm, t.name) in collapsed for t in ended)
    if not ended:
        return FailureRate(0, 0, None)
    interval = scipy.stats.binomtest(num_failed, len(ended)).proportion_ci(CONFIDENCE, method="wilson")
    return FailureRate(
        num_failed, len(ended), Estimate(num_failed / len(ended), float(interval.low), float(interval.high))
    )


def counted_scores(trials: Sequence[TrialData], objective: ObjectiveRecord, at: At | None = None) -> tuple[float, ...]:
    """The scores by which trials are compared, capped at the failure score, which a trial without a score gets too.

    at: the evaluation whose scores to use; by default the one that counts.
    """
    worst = objective.failure_score
    scores = [t.score if at is None else t.score_at(at) for t in trials]
    return tuple(worst if score is None else min(score, worst) for score in scores)


def conditional_scores(trials: Sequence[TrialData], collapsed: Collection[tuple[str, str]] = ()) -> ConditionalScores:
    """The scores of the trials that ended without failing, and the share of those that failed."""
    scores = _successful_scores(trials, collapsed)
    return ConditionalScores(describe_seeds(scores) if scores else None, describe_failures(trials, collapsed))


def _successful_scores(trials: Sequence[TrialData], collapsed: Collection[tuple[str, str]]) -> list[float]:
    return [t.score for t in trials if t.score is not None and (t.config.arm, t.name) not in collapsed]
