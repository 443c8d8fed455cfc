"""Contribution of a set of images to its score: feature statistics and class counts, which can be merged over ranks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import Features, FeatureStats, features_to_stats, merge_stats

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


def features_to_samples(features: Features, classes: NDArray[np.int64] | None, num_classes: int) -> SampleStats:
    """Return the statistics of images with features (N, d) and classes (N,); without a classifier, pass None and 0."""
    counts = np.zeros(0, dtype=np.int64) if classes is None else np.bincount(classes, minlength=num_classes)
    return SampleStats(features_to_stats(features), counts)


def batch_size(device_type: str) -> int:
    """Images that pass through a network together on a device of this type, cpu or cuda."""
    return BATCH_SIZE if device_type == "cpu" else GPU_BATCH_SIZE


def merge_samples(parts: Iterable[SampleStats]) -> SampleStats:
    """The statistics of the union of one or more disjoint sets of images, merged in the given order."""
    counts: list[NDArray[np.int64]] = []

    def features() -> Iterator[FeatureStats]:
        for part in parts:
            counts.append(part.class_counts)
            yield part.features

    merged = merge_stats(features())
    return SampleStats(merged, np.sum(counts, axis=0, dtype=np.int64))
