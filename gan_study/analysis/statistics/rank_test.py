"""Rank tests between two samples of scores, and Holm's correction for several tests. Lower scores are better."""

import math
from collections.abc import Sequence

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

SIGNIFICANCE = 0.05
"""An arm wins if its p against every other arm, after Holm's correction, is below this."""
_PERMUTATIONS = 100_000


def probability_lower(a: Sequence[float], b: Sequence[float]) -> float:
    """P(A < B): the share of all pairs in which A has the lower score; a tie counts one half.

    This is 1 - U / (len(a) * len(b)) of Mann and Whitney 1947.
    """
    difference = np.subtract.outer(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    return float(np.mean((difference < 0) + 0.5 * (difference == 0)))


def mann_whitney_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided exact p value of the Mann-Whitney test that neither sample tends to lower scores.

    With ties, as between failed seeds, the null distribution is that of all permutations of the scores, or of 100,000
    random ones with a fixed seed if there are more.
    """
    values = np.concatenate([a, b])
    if len(np.unique(values)) == 1:
        return 1.0
    tied = len(np.unique(values)) < len(values)
    if tied and 1 in (len(a), len(b)):
        return _p_of_one(float(a[0] if len(a) == 1 else b[0]), values)
    method = scipy.stats.PermutationMethod(n_resamples=_PERMUTATIONS, random_state=0) if tied else "exact"
    return float(scipy.stats.mannwhitneyu(a, b, alternative="two-sided", method=method).pvalue)


def _p_of_one(score: float, values: NDArray[np.float64]) -> float:
    """Two-sided exact p value for a sample of one score, which SciPy does not permute.

    Under the null hypothesis, `score` is equally likely to be any of all `values`.
    """
    return min(1.0, 2 * float(min(np.mean(values <= score), np.mean(values >= score))))


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
