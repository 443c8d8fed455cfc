"""Whether a cheap score of a trial tells the order of the full ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from gan_study.analysis.estimate import CONFIDENCE

MIN_PAIRS_FOR_INTERVAL = 10
"""Below, the interval of a rank correlation is far too narrow."""


@dataclass(frozen=True)
class RankCorrelation:
    """Kendall's tau-b between two scores of the same trials: 1 the same order, 0 none, -1 the reverse."""

    num_trials: int
    tau: float
    interval: tuple[float, float] | None
    """95 % interval of tau; None below ten trials, and where the order is wholly the same or the reverse."""


def rank_correlation(low_fidelity: Sequence[float], full: Sequence[float]) -> RankCorrelation | None:
    """Rank correlation of low-fidelity scores with the full scores of the same trials, in the same order.

    None where it is not defined: fewer than two trials, or all scores of one kind equal. Trials that were stopped have
    no full score; without these, mostly bad ones, the correlation is smaller than it would be over all trials.
    The interval is on Fisher's z with variance 0.437 / (n - 4) (Fieller, Hartley and Pearson 1957).
    """
    if len(low_fidelity) < 2 or len(set(low_fidelity)) == 1 or len(set(full)) == 1:
        return None
    tau = float(stats.kendalltau(low_fidelity, full).statistic)
    return RankCorrelation(len(full), tau, _interval(tau, len(full)))


def _interval(tau: float, num_trials: int) -> tuple[float, float] | None:
    # The tau of a perfect order is 1 only up to rounding.
    if num_trials < MIN_PAIRS_FOR_INTERVAL or math.isclose(abs(tau), 1):
        return None
    reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(0.437 / (num_trials - 4))
    return math.tanh(math.atanh(tau) - reach), math.tanh(math.atanh(tau) + reach)
