"""Mean and covariance of features, in a form that adds up over batches, shards and ranks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FeatureStats:
    """Number, mean and scatter of feature vectors of length d. Features that were not finite leave it so."""

    num: int
    """Feature vectors counted."""
    mean: NDArray[np.float64]
    """(d,) mean; zeros if there are none."""
    m2: NDArray[np.float64]
    """(d, d) sum over the vectors of the outer square of their distance from the mean."""

    def covariance(self) -> NDArray[np.float64]:
        """(d, d) sample covariance, with the divisor num - 1, like numpy's `cov` and pytorch-fid. Needs two vectors."""
        assert self.num >= 2, f"a covariance needs two feature vectors, not {self.num}"
        return self.m2 / (self.num - 1)


def features_to_stats(features: NDArray[np.floating[Any]]) -> FeatureStats:
    """Statistics of features, (N, d) of any float type, N may be 0. Works in float64, on a copy of that size."""
    values = features.astype(np.float64)
    num = len(values)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.sum(axis=0) / max(num, 1)
        values -= mean
        return FeatureStats(num, mean, values.T @ values)


def merge(a: FeatureStats, b: FeatureStats) -> FeatureStats:
    """Statistics of the features of both together. Chan, Golub and LeVeque 1979 (STAN-CS-79-773).

    Associative and commutative up to rounding; unlike sums of squares it stays exact when the mean is large.
    """
    if a.num == 0 or b.num == 0:
        return b if a.num == 0 else a
    num = a.num + b.num
    with np.errstate(over="ignore", invalid="ignore"):
        delta = b.mean - a.mean
        mean = a.mean + delta * (b.num / num)
        return FeatureStats(num, mean, a.m2 + b.m2 + np.outer(delta, delta) * (a.num * b.num / num))
