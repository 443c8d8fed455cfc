"""The features of chosen real images, made once by each machine for all trials and studies that ask for the same."""

import io

import numpy as np
import torch
from numpy.typing import NDArray

from gan_study.data.datasets import Dataset
from gan_study.data.hashing import content_hash
from gan_study.extractors.base import Extractor, apply
from gan_study.extractors.cache import cached
from gan_study.metrics.samples import batch_size
from gan_study.runs.storage import Storage

_FORMAT = "1"
"""Raised whenever the content of the file changes."""
Features = NDArray[np.float32]
"""(N, dims)."""
Classes = NDArray[np.int64]
"""(N,) the class that the extractor's classifier gives each image."""


def obtain(
    extractor: Extractor, dataset: Dataset, indices: NDArray[np.int64], cache: Storage | None = None
) -> tuple[Features, Classes | None]:
    """Features and classes of the images with the numbers `indices`, in their order; no classes without a classifier.

    From the cache, else taken and cached: 60,000 images are 15 MB of the domain classifier's features and 490 MB of
    Inception's, which take an hour of one core.
    """
    name = f"real_features-{_FORMAT}-{dataset.identity}-{content_hash([indices])}-{extractor.identity}.npz"
    content = cached(name, lambda: _pack(*image_features(extractor, dataset.images[indices])), cache)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return arrays["features"], arrays.get("classes")


def image_features(extractor: Extractor, images_uint8: NDArray[np.uint8]) -> tuple[Features, Classes | None]:
    """Features and classes of images NCHW uint8 in [0, 255], on the extractor's device; kept nowhere."""
    features, classes = [], []
    device = next(extractor.network.parameters()).device
    for part in torch.from_numpy(images_uint8).split(batch_size(device.type)):
        part_features, logits = apply(extractor.network, part)
        features.append(part_features.cpu().numpy())
        if logits is not None:
            classes.append(logits.argmax(1).cpu().numpy())
    return np.concatenate(features), np.concatenate(classes) if classes else None


def _pack(features: Features, classes: Classes | None) -> bytes:
    buffer = io.BytesIO()
    arrays = {"features": features} if classes is None else {"features": features, "classes": classes}
    np.savez(buffer, **arrays)
    return buffer.getvalue()
