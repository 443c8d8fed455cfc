"""Statistics of real images for a score, computed once per machine for all trials and studies."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.data.content_hash import content_hash
from gan_study.data.datasets import Dataset
from gan_study.errors import InputError
from gan_study.extractors import real_features
from gan_study.extractors.extractor import Extractor
from gan_study.extractors.machine_cache import load_or_make
from gan_study.metrics.frechet import FrechetReference, stats_to_reference
from gan_study.metrics.samples import SampleSum
from gan_study.runs.storage import Storage
from gan_study.runs.unpacking import load_arrays

_FORMAT = "1"
"""Raised whenever the content of the file changes."""


@dataclass(frozen=True, eq=False)
class RealStatistics:
    """Statistics of one part of a data set with one extractor."""

    reference: FrechetReference
    class_counts: NDArray[np.int64]
    """(num_classes,) images of each class by the extractor's classifier; of length 0 without one."""


def load_or_compute_statistics(
    extractor: Extractor, dataset: Dataset, split: str, cache: Storage | None = None
) -> bytes:
    """The statistics of `split` (all, train or held_out) as a file's content, from the cache or computed and cached.

    Raises InputError if the part has fewer than two images.
    """
    indices = dataset.split_indices(split)
    if len(indices) < 2:
        raise InputError(
            f"objective.split: the real images that are scored against must be two at least, "
            f"but got split={split} with {len(indices)}; choose another split"
        )
    # The data set's identity covers its images and its train part; held-out parts may differ with equal identities.
    name = f"real_stats-{_FORMAT}-{dataset.identity}-{split}-{content_hash([indices])}-{extractor.identity}.npz"
    return load_or_make(name, lambda: pack_statistics(compute_real_statistics(extractor, dataset, split, cache)), cache)


def compute_real_statistics(
    extractor: Extractor, dataset: Dataset, split: str, cache: Storage | None = None
) -> RealStatistics:
    """The statistics of the images of a part, at least two. Their features stay in the cache."""
    device = next(extractor.network.parameters()).device
    total = SampleSum(device)
    for seen in real_features.split_features(extractor, dataset, split, cache):
        total.add(*seen)
    samples = total.result()
    return RealStatistics(stats_to_reference(samples.features, device), samples.class_counts)


def pack_statistics(real: RealStatistics) -> bytes:
    """The content of an .npz file. It includes the root, which takes seconds to compute at 2048 dims."""
    buffer, reference = io.BytesIO(), real.reference
    np.savez(
        buffer,
        allow_pickle=False,
        num=np.array(reference.num),
        mean=reference.mean,
        trace=np.array(reference.trace),
        root=reference.root,
        class_counts=real.class_counts,
    )
    return buffer.getvalue()


def unpack_statistics(content: bytes) -> RealStatistics:
    """The statistics in the content of a file that `pack_statistics` made."""
    arrays = load_arrays(content)
    reference = FrechetReference(
        num=int(arrays["num"]), mean=arrays["mean"], trace=float(arrays["trace"]), root=arrays["root"]
    )
    return RealStatistics(reference, arrays["class_counts"])
