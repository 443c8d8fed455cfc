"""Contribution of a set of images to its score: feature statistics and class counts, which can be merged over ranks."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_study.metrics.statistics import Features, FeatureStats, StatsSum, merge_stats

BATCH_SIZE = 100
"""Images that pass through generator and extractor together; more do not fit a CPU core's cache (on one core, 16-pixel
images took half the time in batches of 100 as in batches of 500)."""
GPU_BATCH_SIZE = 500
"""As above for a GPU, which fewer small images would not fill."""
BLOCK_SIZE = 1000
"""Images between two moments at which the CPU waits for the GPU."""


@dataclass(frozen=True, eq=False)
class SampleStats:
    """Statistics of a set of images."""

    features: FeatureStats
    class_counts: NDArray[np.int64]
    """(num_classes,) images of each class by the extractor's classifier; empty without one."""

    @property
    def class_shares(self) -> tuple[float, ...] | None:
        """Share of each class; None without classes."""
        if not len(self.class_counts):
            return None
        return tuple((self.class_counts / self.class_counts.sum()).tolist())


class SampleSum:
    """The contribution of images that come in parts, added up on one device."""

    def __init__(self, device: torch.device | None = None) -> None:
        self._features = StatsSum(device)
        self._class_counts: NDArray[np.int64] | None = None

    def add(self, features: Features | Tensor, classes: NDArray[np.int64] | None, num_classes: int) -> None:
        """Add images: features (N, d), and the class of each (N,), below `num_classes`; None without a classifier."""
        self._features.add_features(features)
        counts = np.zeros(0, dtype=np.int64) if classes is None else np.bincount(classes, minlength=num_classes)
        self._class_counts = counts if self._class_counts is None else self._class_counts + counts

    def result(self) -> SampleStats:
        """The statistics of all images, at least one part."""
        assert self._class_counts is not None, "there is a part"
        return SampleStats(self._features.result(), self._class_counts)


def features_to_samples(features: Features, classes: NDArray[np.int64] | None, num_classes: int) -> SampleStats:
    """The contribution of images, as `SampleSum.add` takes them."""
    total = SampleSum()
    total.add(features, classes, num_classes)
    return total.result()


def batch_size(device_type: str) -> int:
    """Images that pass through a network together on a device of this type, cpu or cuda."""
    return BATCH_SIZE if device_type == "cpu" else GPU_BATCH_SIZE


def merge_samples(parts: Iterable[SampleStats]) -> SampleStats:
    """The statistics of the union of one or more disjoint sets of images, merged in the given order."""
    known = list(parts)
    counts = np.add.reduce([part.class_counts for part in known])
    return SampleStats(merge_stats(part.features for part in known), counts)
