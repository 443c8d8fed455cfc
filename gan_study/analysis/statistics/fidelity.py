"""Rank correlation between scores from fewer images and full scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import scipy  # loads its parts when they are used

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.sentences.number_text import quantity
from gan_study.analysis.statistics.estimate import CONFIDENCE
from gan_study.runs.records.status import TrialState

MIN_PAIRS_FOR_INTERVAL = 10
"""With fewer pairs, the interval of a rank correlation is far too narrow."""


@dataclass(frozen=True)
class RankCorrelation:
    """Kendall's tau-b between two scores of the same trials: 1 for equal order, 0 for none, -1 for reverse order."""

    num_trials: int
    tau: float
    interval: tuple[float, float] | None
    """95 % interval of tau; None below ten trials, or if the order is exactly equal or reverse."""


def rank_correlation(low_fidelity: Sequence[float], full: Sequence[float]) -> RankCorrelation | None:
    """Rank correlation of low-fidelity scores with the full scores of the same trials, in the same order.

    None if it is not defined: with fewer than two trials, or if all scores of one kind are equal. Stopped trials have
    no full score. They are mostly bad, so the correlation is smaller than it would be over all trials. The interval is
    on Fisher's z with variance 0.437 / (n - 4) (Fieller, Hartley and Pearson 1957).
    """
    if len(low_fidelity) < 2 or len(set(low_fidelity)) == 1 or len(set(full)) == 1:
        return None
    tau = float(scipy.stats.kendalltau(low_fidelity, full).statistic)
    return RankCorrelation(len(full), tau, _interval(tau, len(full)))


@dataclass(frozen=True)
class Fidelity:
    """Rank correlation of scores from fewer images with full scores, over the completed trials that have both."""

    num_early: int
    """Generated images of a score before a training's end."""
    num_full: int
    """Generated images of a full score."""
    num_trials: int
    overall: RankCorrelation | None
    """Over all arms together."""
    by_arm: dict[str, RankCorrelation | None]
    """Within each arm, where trials are compared to be stopped."""

    @property
    def sentence(self) -> str:
        """Such as `The order by 500 images agrees with ...`."""
        trials = quantity(self.num_trials, "completed trial")
        if self.overall is None:
            return (
                f"the rank correlation of scores from {self.num_early:,} and {self.num_full:,} images is unknown, with "
                f"{trials}"
            )
        interval = self.overall.interval
        around = f" (95 % interval {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        within = [
            f"{arm} {found.tau:.2f} ({quantity(found.num_trials, 'trial')})"
            for arm, found in self.by_arm.items()
            if found is not None
        ]
        arms = f"; within {', '.join(within)}" if len(self.by_arm) > 1 and within else ""
        return (
            f"the order by {self.num_early:,} images agrees with the order by {self.num_full:,} to Kendall's tau = "
            f"{self.overall.tau:.2f}{around} over {trials}{arms}"
        )


def describe_fidelity(run: RunData) -> Fidelity | None:
    """The rank correlation between both scores of the completed search trials.

    Both scores are of one generator, and the fewer images are part of the more. None if all scores are from equally
    many images.
    """
    objective = run.study.objective
    if objective.early_num_samples is None:
        return None
    pairs = {arm: _pairs(run.searched_trials(arm)) for arm in run.arms}
    together = [pair for own in pairs.values() for pair in own]
    return Fidelity(
        objective.early_num_samples,
        objective.num_samples,
        len(together),
        _correlation(together),
        {arm: _correlation(own) for arm, own in pairs.items()},
    )


def _pairs(trials: Sequence[TrialData]) -> list[tuple[float, float]]:
    completed = [t for t in trials if t.state is TrialState.COMPLETED]
    # Both scores are of the last generator, whichever evaluation counts.
    pairs = [(t.early_score, t.score_at("last")) for t in completed]
    return [(early, full) for early, full in pairs if early is not None and full is not None]


def _correlation(pairs: Sequence[tuple[float, float]]) -> RankCorrelation | None:
    return rank_correlation([early for early, _ in pairs], [full for _, full in pairs])


def _interval(tau: float, num_trials: int) -> tuple[float, float] | None:
    # The tau of a perfect order is 1 only up to rounding.
    if num_trials < MIN_PAIRS_FOR_INTERVAL or math.isclose(abs(tau), 1):
        return None
    reach = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(0.437 / (num_trials - 4))
    return math.tanh(math.atanh(tau) - reach), math.tanh(math.atanh(tau) + reach)
