"""Mean and covariance of features, in a form that adds up over batches, shards and ranks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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


class StatsSum:
    """The statistics of features that come in parts, added up in one buffer, in float64 on one device.

    Chan, Golub and LeVeque 1979 (STAN-CS-79-773). The order changes the result by rounding alone; unlike sums of
    squares, it stays accurate if the mean is large. On a CPU, torch's threads share the work.
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self._device = device or torch.device("cpu")
        self._nums: list[int] = []
        self._means: list[Tensor] = []
        self._scatter = torch.empty(0)
        """Sum of the parts' scatters about their own means, (d, d); only its lower triangle is used."""

    def add_features(self, features: Features | Tensor) -> None:
        """Add features, (N, d) of any float type, from any device; N may be 0. They are copied to float64."""
        if isinstance(features, Tensor):
            values = features.to(self._device, torch.float64, copy=True)
        else:
            values = torch.tensor(features, dtype=torch.float64, device=self._device)
        mean = values.sum(0) / max(len(values), 1)
        values -= mean
        _add_scatter_(self._scatter_of(mean), values)
        self._keep(len(values), mean)

    def add_stats(self, stats: FeatureStats) -> None:
        """Add the statistics of other features."""
        mean = torch.tensor(stats.mean, device=self._device)
        self._scatter_of(mean).add_(torch.tensor(stats.m2, device=self._device))
        self._keep(stats.num, mean)

    def result(self) -> FeatureStats:
        """The statistics of the features of all parts together, at least one."""
        means, num = torch.stack(self._means), sum(self._nums)
        mean, scatter = means[0], self._scatter.clone()
        if len(means) > 1:
            weights = torch.tensor(self._nums, dtype=torch.float64, device=self._device)
            mean = weights @ means / max(1, num)
            _add_scatter_(scatter, (means - mean) * weights.sqrt()[:, None])
        m2 = scatter.tril() + scatter.tril(-1).T
        return FeatureStats(num, mean.cpu().numpy(), m2.cpu().numpy())

    def _scatter_of(self, mean: Tensor) -> Tensor:
        if not self._nums:
            self._scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=self._device)
        return self._scatter

    def _keep(self, num: int, mean: Tensor) -> None:
        self._nums.append(num)
        self._means.append(mean)


_PANEL = 256
"""Columns of a scatter that are computed together. Panels spare nearly half of the work, the upper triangle."""


def _add_scatter_(scatter: Tensor, values: Tensor) -> None:
    """Add values^T values, of (N, d), to the lower triangle of a (d, d) scatter, in place."""
    dims = len(scatter)
    for start in range(0, dims, _PANEL):
        end = min(start + _PANEL, dims)
        scatter[start:end, :end].addmm_(values[:, start:end].T, values[:, :end])


def features_to_stats(features: Features) -> FeatureStats:
    """Statistics of features, (N, d) of any float type; N may be 0. Computed in float64, on a copy of that size."""
    total = StatsSum()
    total.add_features(features)
    return total.result()


def merge_stats(parts: Iterable[FeatureStats]) -> FeatureStats:
    """Statistics of the features of all parts together, at least one."""
    total = StatsSum()
    for part in parts:
        total.add_stats(part)
    return total.result()


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
