"""Mean and covariance of features, in a form that adds up over batches, shards and ranks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating[Any]]
"""(N, d) feature vectors of any float type."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The Gaussian fitted to features, on which alone a Frechet distance depends."""

    num: int | None
    """Feature vectors behind it; None if not known, as in pytorch-fid's files."""
    mean: NDArray[np.float64]
    """(d,) mean."""
    covariance: NDArray[np.float64]
    """(d, d) sample covariance, with the divisor num - 1."""


@dataclass(frozen=True, eq=False)
class FeatureStats:
    """Number, mean and scatter of feature vectors of length d. They are not finite if a feature was not."""

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

    def to_gaussian(self) -> Gaussian:
        """The Gaussian with their mean and sample covariance. Needs two vectors."""
        return Gaussian(self.num, self.mean, self.covariance())


def features_to_stats(features: Features) -> FeatureStats:
    """Statistics of features, (N, d) of any float type; N may be 0. Computed in float64, on a copy of that size."""
    values = features.astype(np.float64)
    num = len(values)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.sum(axis=0) / max(num, 1)
        values -= mean
        return FeatureStats(num, mean, values.T @ values)


def merge_stats(parts: Iterable[FeatureStats]) -> FeatureStats:
    """Statistics of the features of all parts together, at least one.

    Chan, Golub and LeVeque 1979 (STAN-CS-79-773). The order changes the result by rounding alone; unlike sums of
    squares, it stays accurate if the mean is large. All scatters are added in one buffer, since each is 34 MB at 2048
    dims.
    """
    parts = iter(parts)
    first = next(parts)
    nums, means, m2 = [first.num], [first.mean], None
    with np.errstate(over="ignore", invalid="ignore"):
        for part in parts:
            m2 = first.m2 + part.m2 if m2 is None else np.add(m2, part.m2, out=m2)
            nums.append(part.num)
            means.append(part.mean)
        if m2 is None:
            return first
        weights, rows = np.array(nums, dtype=np.float64), np.array(means)
        mean = weights @ rows / max(1, sum(nums))
        distances = (rows - mean) * np.sqrt(weights)[:, None]
        m2 += distances.T @ distances
        return FeatureStats(sum(nums), mean, m2)


def check_features(features: Features, whose: str, least_num: int) -> None:
    """Raise ValueError unless there are at least `least_num` vectors and all are finite; `whose` is real or generated.

    The Frechet distance does not use this check, since features of a diverged generator may reach it.
    """
    assert features.ndim == 2, f"features are (N, d), not of the shape {features.shape}"
    if len(features) < least_num:
        raise ValueError(
            f"{whose} features: there must be at least {least_num}, but got num={len(features)}; use more images"
        )
    num_bad = len(features) - int(np.isfinite(features).all(axis=1).sum())
    if num_bad:
        raise ValueError(
            f"{whose} features: all must be finite, but got num_non_finite={num_bad} of {len(features)}; "
            "check the images and the extractor"
        )
