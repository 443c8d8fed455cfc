"""Features of real images, computed once per machine for all trials and studies with the same extractor and images.

The statistics of a part of a data set leave the features of all its images in the cache, block by block, from which the
features of single images are read later.
"""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_study.data.content_hash import content_hash
from gan_study.data.datasets import SPLITS, Dataset
from gan_study.extractors.extractor import Extractor, ImageFeatures, images_to_features
from gan_study.extractors.machine_cache import find_cached, load_or_make
from gan_study.metrics.statistics import Features
from gan_study.runs.storage import Storage
from gan_study.runs.unpacking import load_arrays

_FORMAT = "2"
"""Raised whenever the content of a file changes."""
BLOCK_SIZE = 2000
"""Most images in a block: at Inception's 2048 dims, 16 MB in float32."""
ClassNumbers = NDArray[np.int64]
"""(N,) the class that the extractor's classifier gives each image."""


def split_features(
    extractor: Extractor, dataset: Dataset, split: str, cache: Storage | None = None
) -> Iterator[ImageFeatures]:
    """Features of all images of a part (all, train or held_out) in their order, block by block.

    They come from the cache or are computed and cached. 60,000 images take 15 MB with the domain classifier and 490 MB
    with Inception, which needs an hour of one core.
    """
    for indices in _blocks(dataset.split_indices(split)):
        yield _cached(extractor, dataset, indices, cache)


def load_or_compute_features(
    extractor: Extractor, dataset: Dataset, indices: NDArray[np.int64], cache: Storage | None = None
) -> tuple[Features, ClassNumbers | None]:
    """Features and classes of the images with the numbers `indices`, in their order; no classes without a classifier.

    They come from the cache or are computed and cached.
    """
    for split in SPLITS:
        known = _find(extractor, dataset, split, indices, cache)
        if known is not None:
            return known.features, known.classes
    seen = _cached(extractor, dataset, indices, cache)
    return seen.features, seen.classes


def compute_real_features(extractor: Extractor, dataset: Dataset, indices: NDArray[np.int64]) -> ImageFeatures:
    """Features of the images with the numbers `indices`, in their order; they are not cached."""
    return images_to_features(extractor.network, torch.from_numpy(dataset.images[indices]))


def _blocks(indices: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.array_split(indices, -(-len(indices) // BLOCK_SIZE))


def _name(extractor: Extractor, dataset: Dataset, indices: NDArray[np.int64]) -> str:
    """The name of a cache file. It includes the numbers of the images, since a part may hold different images in two
    studies."""
    return f"real_features-{_FORMAT}-{dataset.identity}-{content_hash([indices])}-{extractor.identity}.npz"


def _cached(extractor: Extractor, dataset: Dataset, indices: NDArray[np.int64], cache: Storage | None) -> ImageFeatures:
    name = _name(extractor, dataset, indices)
    return _unpack(load_or_make(name, lambda: _pack(compute_real_features(extractor, dataset, indices)), cache))


def _find(
    extractor: Extractor, dataset: Dataset, split: str, indices: NDArray[np.int64], cache: Storage | None
) -> ImageFeatures | None:
    """Features of images in a part whose blocks are in the cache; None if an image is not in the part or a block is
    missing."""
    part = dataset.split_indices(split)
    if not np.isin(indices, part).all():
        return None
    places, start = np.searchsorted(part, indices), 0
    rows: list[NDArray[np.int64]] = []
    found: list[ImageFeatures] = []
    for block in _blocks(part):
        inside = np.flatnonzero((places >= start) & (places < start + len(block)))
        if len(inside):
            content = find_cached(_name(extractor, dataset, block), cache)
            if content is None:
                return None
            seen, chosen = _unpack(content), places[inside] - start
            classes = None if seen.classes is None else seen.classes[chosen]
            rows.append(inside)
            found.append(ImageFeatures(seen.features[chosen], classes, seen.num_classes))
        start += len(block)
    return _in_order(found, np.concatenate(rows)) if found else None


def _in_order(parts: list[ImageFeatures], rows: NDArray[np.int64]) -> ImageFeatures:
    """The parts in one, with element i in row `rows[i]`."""
    order = np.argsort(rows)
    features = np.concatenate([part.features for part in parts])[order]
    classes = [part.classes for part in parts if part.classes is not None]
    return ImageFeatures(features, np.concatenate(classes)[order] if classes else None, parts[0].num_classes)


def _pack(seen: ImageFeatures) -> bytes:
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {"features": seen.features, "num_classes": np.array(seen.num_classes)}
    np.savez(buffer, **(arrays if seen.classes is None else arrays | {"classes": seen.classes}))
    return buffer.getvalue()


def _unpack(content: bytes) -> ImageFeatures:
    arrays = load_arrays(content)
    return ImageFeatures(arrays["features"], arrays.get("classes"), int(arrays["num_classes"]))
