"""Probability that one of two samples scores lower, and the number of further seeds that would decide it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import scipy  # loads its parts when they are used

from gan_study.analysis.statistics.estimate import CONFIDENCE, Estimate
from gan_study.analysis.statistics.rank_test import probability_lower, smallest_p

POWER = 0.8
"""Power of a test with the further seeds."""
MAX_FURTHER_SEEDS = 200
"""Largest number of further seeds for each arm that is computed."""


def probability_of_improvement(a: Sequence[float], b: Sequence[float], level_share: float = 1.0) -> Estimate:
    """P(A < B), ties one half, with the score interval of Newcombe 2006 (part 2, method 5).

    Unlike that of a bootstrap, the interval has a width even if all scores of one sample are below those of the other.

    level_share: the share of 5 % with which this interval may miss. With the shares of several looks, their intervals
    hold the truth together in 95 % of cases, so the interval holds it whatever ended the looks (Jennison and Turnbull
    1989).
    """
    value, z = probability_lower(a, b), scipy.stats.norm.isf(level_share * (1 - CONFIDENCE) / 2)
    return Estimate(value, _lower_limit(value, len(a), len(b), z), 1 - _lower_limit(1 - value, len(a), len(b), z))


def _lower_limit(value: float, num_a: int, num_b: int, z: float) -> float:
    """The lowest true probability that is at most z standard errors away from `value`."""

    def excess(true: float) -> float:
        return float((value - true) ** 2 - z**2 * _variance(true, num_a, num_b))

    if value <= 0:
        return 0.0
    # At a value of 1 the excess is 0 too, and below it until the limit.
    return float(scipy.optimize.brentq(excess, 0.0, value - 1e-9))


def _variance(probability: float, num_a: int, num_b: int) -> float:
    """Variance of the estimated P(A < B) for exponential scores (Hanley and McNeil 1982), at the mean of the sizes."""
    mean_size = (num_a + num_b) / 2
    shared = (1 - probability) / (2 - probability) + probability / (1 + probability)
    return probability * (1 - probability) * (1 + (mean_size - 1) * shared) / (num_a * num_b)


@dataclass(frozen=True)
class FurtherSeeds:
    """Number of further seeds of each of two arms that would decide between them with a chance of 80 %.

    It assumes that the true P(A < B) is the observed one and that both arms then have equally many seeds. The observed
    one is often too good, and the number then too low.
    """

    num: int | None
    """Further seeds for each arm; None if more than `limit`."""
    limit: int = MAX_FURTHER_SEEDS

    @property
    def words(self) -> str:
        """Such as `4 more seeds for each arm`."""
        if self.num is None:
            return f"more than {self.limit} more seeds for each arm"
        return f"{self.num} more seed{'' if self.num == 1 else 's'} for each arm"


def further_seeds(probability: float, num_a: int, num_b: int, significance: float) -> FurtherSeeds:
    """The further seeds of each arm with which a two-sided Mann-Whitney test would decide, with a chance of 80 %.

    probability: the observed P(A < B). significance: the level of the test, divided by the number of pairs if several
    are tested (the strictest step of Holm's correction). By normal approximation, with the variance of P(A < B) under
    equality on one side (Mann and Whitney 1947) and Hanley and McNeil's on the other.
    """
    fewest = min(num_a, num_b)
    for further in range(1, MAX_FURTHER_SEEDS + 1):
        if _decides(probability, fewest + further, significance):
            return FurtherSeeds(further)
    return FurtherSeeds(None)


def _decides(probability: float, size: int, significance: float) -> bool:
    if smallest_p(size, size) >= significance:
        return False
    under_equality = math.sqrt((2 * size + 1) / (12 * size**2))
    under_effect = math.sqrt(_variance(probability, size, size))
    needed = scipy.stats.norm.isf(significance / 2) * under_equality + scipy.stats.norm.ppf(POWER) * under_effect
    return bool(abs(probability - 0.5) >= needed)
