"""Rank tests between two samples of scores, and Holm's correction for several tests. Lower scores are better."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

SIGNIFICANCE = 0.05
"""An arm wins if its p against every other arm, after Holm's correction, is below this."""
_PERMUTATIONS = 100_000
_MOST_EXACT = 10_000
"""Largest product of the smaller sample's size and that of both samples for which the exact distribution is made here,
in at most half a second."""


def probability_lower(a: Sequence[float], b: Sequence[float]) -> float:
    """P(A < B): the share of all pairs in which A has the lower score; a tie counts one half.

    This is 1 - U / (len(a) * len(b)) of Mann and Whitney 1947.
    """
    difference = np.subtract.outer(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    return float(np.mean((difference < 0) + 0.5 * (difference == 0)))


def mann_whitney_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided exact p value of the Mann-Whitney test that neither sample tends to lower scores.

    With ties, as between failed seeds, the null distribution is that of all permutations of the scores. Very large
    samples with ties take 100,000 random permutations with a fixed seed.
    """
    _, place, counts = np.unique(np.concatenate([a, b]), return_inverse=True, return_counts=True)
    smaller = place[: len(a)] if len(a) <= len(b) else place[len(a) :]
    if len(smaller) * len(place) > _MOST_EXACT:
        tied = len(counts) < len(place)
        method = scipy.stats.PermutationMethod(n_resamples=_PERMUTATIONS, random_state=0) if tied else "exact"
        return float(scipy.stats.mannwhitneyu(a, b, alternative="two-sided", method=method).pvalue)
    null = _rank_sums(len(smaller), tuple(counts.tolist()))
    observed = int(_doubled_ranks(counts)[smaller].sum())
    return min(1.0, 2 * float(min(null[: observed + 1].sum(), null[observed:].sum())))


@lru_cache(maxsize=4096)
def _rank_sums(num: int, counts: tuple[int, ...]) -> NDArray[np.float64]:
    """The probability of each sum of doubled mid-ranks of `num` scores, drawn from all scores without replacement.

    counts: how often each distinct score occurs, the lowest first. The scores are added one by one, as in the shift
    algorithm of Streitberg and Roehmel 1986.
    """
    ranks = np.repeat(_doubled_ranks(np.array(counts)), counts)
    ways = np.zeros((num + 1, int(ranks[-num:].sum()) + 1))
    ways[0, 0] = 1.0
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, :-rank]
    return np.asarray(ways[num] / ways[num].sum())


def _doubled_ranks(counts: NDArray[np.int_]) -> NDArray[np.int_]:
    """Twice the mid-rank of each distinct score, which is a whole number."""
    return 2 * np.cumsum(counts) - counts + 1


def smallest_p(num_a: int, num_b: int) -> float:
    """The smallest two-sided p that samples of these sizes can give: 2 / binomial(num_a + num_b, num_a)."""
    return min(1.0, 2 / math.comb(num_a + num_b, num_a))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values after Holm's step-down correction for multiple tests (Holm 1979), in the given order."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for step, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[index]))
        corrected[index] = largest
    return corrected
