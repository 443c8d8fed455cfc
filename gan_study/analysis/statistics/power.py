"""Power of the test between arms, and the seeds it needs, as known before any seed is trained."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

from gan_study.analysis.statistics.improvement import POWER
from gan_study.analysis.statistics.rank_test import SIGNIFICANCE, holm, smallest_p

MAX_SEEDS = 100
"""Largest number of seeds of each arm for which power is computed."""


def smallest_holm_p(num_seeds: Sequence[int]) -> float:
    """The smallest p value that one arm can reach against every other arm.

    num_seeds: confirmed seeds of each of two or more arms. The test is the two-sided exact Mann-Whitney test, with
    Holm's correction over all pairs of arms (Holm 1979). The p values are smallest if the scores of the arms do not
    overlap, and Holm's corrected values grow with each of the uncorrected ones.
    """
    pairs = list(combinations(range(len(num_seeds)), 2))
    corrected = dict(zip(pairs, holm([smallest_p(num_seeds[a], num_seeds[b]) for a, b in pairs]), strict=True))
    return min(max(p for pair, p in corrected.items() if arm in pair) for arm in range(len(num_seeds)))


def fewest_seeds(num_arms: int) -> int:
    """The fewest seeds of each of `num_arms` arms for which `smallest_holm_p` is below the significance level."""
    num = 1
    while smallest_holm_p([num] * num_arms) >= SIGNIFICANCE:
        num += 1
    return num


def strictest_level(num_arms: int) -> float:
    """The level of the first step of Holm's correction over all pairs of `num_arms` arms."""
    return SIGNIFICANCE / max(1, num_arms * (num_arms - 1) // 2)


def power(probability: float, size: int, level: float) -> float:
    """The probability that the two-sided exact Mann-Whitney test of `size` against `size` seeds gives p < `level`.

    probability: the true P(A < B). The scores are assumed to be exponential, as in Hanley and McNeil 1982, so that the
    distribution of U is exact for Lehmann alternatives (Savage 1956): see `distribution_of_u`.
    """
    null = distribution_of_u(0.5, size)
    lower = np.cumsum(null)
    two_sided = 2 * np.minimum(lower, lower[::-1])  # U is symmetric under equality
    # Rounding must not count a p of exactly the level.
    return float(distribution_of_u(probability, size)[two_sided < level * (1 - 1e-9)].sum())


@lru_cache(maxsize=64)
def distribution_of_u(probability: float, size: int) -> NDArray[np.float64]:
    """Distribution of U: the probabilities of 0 to size^2 pairs in which A scores lower, for `size` seeds of each arm.

    The scores of A and B are exponential with rates in the ratio r : 1, so P(A < B) = r / (1 + r) = `probability`. If
    i scores of A and j of B remain, the lowest is A's with probability i r / (i r + j), and is then lower than all j of
    B.
    """
    rate_a, rate_b = probability, 1 - probability
    num = size * size + 1
    before: list[NDArray[np.float64]] = []  # for i - 1 scores of A and each j
    for i in range(size + 1):
        row: list[NDArray[np.float64]] = []
        for j in range(size + 1):
            found = np.zeros(num)
            if i == 0 or j == 0:
                found[0] = 1.0
            else:
                chance = i * rate_a / (i * rate_a + j * rate_b)
                found[j:] = chance * before[j][: num - j]
                found += (1 - chance) * row[j - 1]
            row.append(found)
        before = row
    return before[size]


@lru_cache(maxsize=256)
def detectable_probability(size: int, level: float) -> float | None:
    """The smallest P(A < B) above one half that a test of `size` seeds of each arm detects with a chance of 80 %.

    None if no p below `level` is possible with so few seeds.
    """
    if smallest_p(size, size) >= level:
        return None
    return float(scipy.optimize.brentq(lambda p: power(p, size, level) - POWER, 0.5, 1 - 1e-12, xtol=1e-4))


def seeds_for(probability: float, level: float) -> int | None:
    """The fewest seeds of each arm that detect this true P(A < B) with a chance of 80 %; None if more than `MAX_SEEDS`.

    The bisection assumes that power grows with the number of seeds.
    """

    def suffices(size: int) -> bool:
        return power(probability, size, level) >= POWER

    high = 1
    while not suffices(high):
        if high == MAX_SEEDS:
            return None
        high = min(2 * high, MAX_SEEDS)
    return high // 2 + 1 + bisect_left(range(high // 2 + 1, high), True, key=suffices)
