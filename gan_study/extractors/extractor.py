"""The extractor: a frozen network from images to features, and the properties that identify it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.extractors.progress import count_done
from gan_study.metrics.samples import SampleStats, batch_size, features_to_samples

LARGEST_SIZE = 64
"""Side in pixels to which extractors that learn from the data set shrink larger images."""


@dataclass(frozen=True, eq=False)
class Extractor:
    """A network in evaluation mode, and its properties in a score's key."""

    network: nn.Module
    """NCHW uint8 in [0, 255] => features (N, dims) float32, and class logits (N, num_classes) float32 or None."""
    name: str
    """Name of the extractor, as in a study's `objective.extractor`."""
    weights_hash: str
    """First 8 hex digits of the SHA-256 of the weights as stored."""
    layer: str
    """The layer whose outputs are the features."""
    dims: int
    """Length of a feature vector."""
    preprocessing: str
    """Conversion of images for the network, in one word."""
    weights: bytes | None
    """Weights in safetensors format, which the run folder keeps; None if they can be found by their hash."""
    accuracy: float | None = None
    """Share of the held-out images that it classifies correctly; None if it is not a classifier."""
    reconstruction_error: float | None = None
    """Share of the held-out images' variance that it does not reproduce; None if it is not an autoencoder."""
    precision: str = "float32"
    """Precision of its arithmetic: float32 or bfloat16."""

    @property
    def identity(self) -> str:
        """A word for cache files that identifies the extractor: its features depend on nothing else but the images."""
        parts = [self.name, self.layer, self.preprocessing, self.weights_hash]
        return "-".join(parts if self.precision == "float32" else [*parts, self.precision])

    def to(self, device: torch.device) -> "Extractor":
        """This extractor on `device`."""
        return replace(self, network=self.network.to(device))

    def in_precision(self, precision: str) -> "Extractor":
        """This extractor, which must be in float32, with arithmetic in float32 or bfloat16."""
        if precision == "float32":
            return self
        return replace(self, network=_InBfloat16(self.network), precision=precision)


class ImageFeatures(NamedTuple):
    """Features and classes of images."""

    features: NDArray[np.float32]
    """(N, dims) features."""
    classes: NDArray[np.int64] | None
    """(N,) class that the classifier gives each image; None without a classifier."""
    num_classes: int
    """Number of classes that the classifier knows; 0 without a classifier."""

    @property
    def stats(self) -> SampleStats:
        """Their contribution to a score."""
        return features_to_samples(self.features, self.classes, self.num_classes)


def hash_weights(content: bytes) -> str:
    """First 8 hex digits of the SHA-256 of the weights as stored."""
    return hashlib.sha256(content).hexdigest()[:8]


def images_to_features(network: nn.Module, images_uint8: Tensor) -> ImageFeatures:
    """Features and classes of images NCHW uint8 in [0, 255], on the network's device; all are held in memory at
    once."""
    features, classes, num_classes = [], [], 0
    for chunk in images_uint8.split(batch_size(next(network.parameters()).device.type)):
        part, logits = apply_network(network, chunk)
        features.append(part)
        if logits is not None:
            classes.append(logits.argmax(1))
            num_classes = logits.shape[1]
    # This is the only place that waits for a GPU.
    labels = torch.cat(classes).cpu().numpy() if classes else None
    return ImageFeatures(torch.cat(features).cpu().numpy(), labels, num_classes)


def images_to_stats(network: nn.Module, images_uint8: Tensor) -> SampleStats:
    """Statistics of images; see `images_to_features`. Without classes, `class_counts` has length 0."""
    return images_to_features(network, images_uint8).stats


def apply_network(network: nn.Module, images_uint8: Tensor) -> tuple[Tensor, Tensor | None]:
    """Features and logits of a batch, on the network's device, in full float32 unless the network is in bfloat16."""
    device = next(network.parameters()).device
    with _full_precision(device.type):
        features, logits = network(images_uint8.to(device))
    count_done(len(images_uint8))
    return features, logits


def shrink_images(images: Tensor) -> Tensor:
    """NCHW float => NCHW float with at most 64 pixels a side, shrunk by averaging areas."""
    if images.shape[-1] <= LARGEST_SIZE:
        return images
    return nn.functional.interpolate(images, size=(LARGEST_SIZE, LARGEST_SIZE), mode="area")


def shrunk_size(image_size: int) -> int:
    """Side in pixels after `shrink_images`."""
    return min(image_size, LARGEST_SIZE)


def shrink_name(image_size: int) -> str:
    """The `preprocessing` of an extractor that begins with `shrink_images`."""
    name = f"uint8-{image_size}px"
    return name if image_size <= LARGEST_SIZE else f"{name}-area{LARGEST_SIZE}"


class _InBfloat16(nn.Module):
    """A network with large products in bfloat16 and results in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_uint8: Tensor) -> tuple[Tensor, Tensor | None]:
        with torch.autocast(images_uint8.device.type, torch.bfloat16):
            features, logits = self.network(images_uint8)
        return features.float(), None if logits is None else logits.float()


@contextmanager
def _full_precision(device_type: str) -> Iterator[None]:
    """Turn off gradients and the shorter floats of a GPU (TF32, autocast), which would change a score."""
    with (
        torch.inference_mode(),
        torch.autocast(device_type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
    ):
        yield
