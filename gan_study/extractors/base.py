"""What every extractor is: a frozen network from images to features, and what tells it from any other."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.extractors.progress import passed
from gan_study.metrics.samples import SampleStats, batch_size
from gan_study.metrics.statistics import features_to_stats

LARGEST_SIZE = 64
"""Side in pixels to which the extractors that learn from the data set bring larger images."""


@dataclass(frozen=True, eq=False)
class Extractor:
    """A network in evaluation mode, and what a score must say of it."""

    network: nn.Module
    """NCHW uint8 in [0, 255] => features (N, dims) float32, and class logits (N, num_classes) float32 or None."""
    name: str
    """As in a study's `objective.extractor`."""
    weights_hash: str
    """First 8 hex digits of the SHA-256 of the weights as stored."""
    layer: str
    """Which layer the features are of."""
    dims: int
    """Length of a feature vector."""
    preprocessing: str
    """How images are brought to the network, in one word."""
    weights: bytes | None
    """safetensors, for the run folder to keep; None if the weights are found again by their hash."""
    accuracy: float | None = None
    """Share of the held-out images whose class it names rightly."""
    reconstruction_error: float | None = None
    """Share of the held-out images' variance that it does not reproduce."""
    precision: str = "float32"
    """Of its arithmetic: float32 or bfloat16."""

    @property
    def identity(self) -> str:
        """What its features depend on besides the images, in one word, for cache files."""
        parts = [self.name, self.layer, self.preprocessing, self.weights_hash]
        return "-".join(parts if self.precision == "float32" else [*parts, self.precision])

    def to(self, device: torch.device) -> "Extractor":
        """The same extractor on `device`."""
        return replace(self, network=self.network.to(device))

    def in_precision(self, precision: str) -> "Extractor":
        """The same extractor, which must be one in float32, with the arithmetic of float32 or bfloat16."""
        if precision == "float32":
            return self
        return replace(self, network=_InBfloat16(self.network), precision=precision)


class ImageFeatures(NamedTuple):
    """Images as an extractor sees them."""

    features: NDArray[np.float32]
    """(N, dims)."""
    classes: NDArray[np.int64] | None
    """(N,) the class that its classifier gives each image; None without one."""
    num_classes: int
    """That the classifier tells apart; 0 without one."""

    @property
    def stats(self) -> SampleStats:
        """Their contribution to a score."""
        classes = np.zeros(0, dtype=np.int64) if self.classes is None else self.classes
        return SampleStats(features_to_stats(self.features), np.bincount(classes, minlength=self.num_classes))


def hash_weights(content: bytes) -> str:
    """First 8 hex digits of the SHA-256 of the weights as stored."""
    return hashlib.sha256(content).hexdigest()[:8]


def images_to_features(network: nn.Module, images_uint8: Tensor) -> ImageFeatures:
    """Images, NCHW uint8 in [0, 255], as the network of an extractor sees them, on its device; all are held at once."""
    features, classes, num_classes = [], [], 0
    for chunk in images_uint8.split(batch_size(next(network.parameters()).device.type)):
        part, logits = apply_network(network, chunk)
        features.append(part)
        if logits is not None:
            classes.append(logits.argmax(1))
            num_classes = logits.shape[1]
    # Only here does a GPU have to be waited for.
    labels = torch.cat(classes).cpu().numpy() if classes else None
    return ImageFeatures(torch.cat(features).cpu().numpy(), labels, num_classes)


def images_to_stats(network: nn.Module, images_uint8: Tensor) -> SampleStats:
    """Statistics of images, see `images_to_features`. Without classes, `class_counts` has length 0."""
    return images_to_features(network, images_uint8).stats


def apply_network(network: nn.Module, images_uint8: Tensor) -> tuple[Tensor, Tensor | None]:
    """Features and logits of a batch, on the network's device; in full float32 unless the network is in bfloat16."""
    device = next(network.parameters()).device
    with _full_precision(device.type):
        features, logits = network(images_uint8.to(device))
    passed(len(images_uint8))
    return features, logits


def shrink(images: Tensor) -> Tensor:
    """NCHW float => the same, brought down to at most 64 pixels a side by averaging areas."""
    if images.shape[-1] <= LARGEST_SIZE:
        return images
    return nn.functional.interpolate(images, size=(LARGEST_SIZE, LARGEST_SIZE), mode="area")


def shrunk_size(image_size: int) -> int:
    """The side in pixels that `shrink` leaves."""
    return min(image_size, LARGEST_SIZE)


def shrink_name(image_size: int) -> str:
    """The `preprocessing` of an extractor that begins with `shrink`."""
    name = f"uint8-{image_size}px"
    return name if image_size <= LARGEST_SIZE else f"{name}-area{LARGEST_SIZE}"


class _InBfloat16(nn.Module):
    """A network whose large products are of bfloat16, with results in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_uint8: Tensor) -> tuple[Tensor, Tensor | None]:
        with torch.autocast(images_uint8.device.type, torch.bfloat16):
            features, logits = self.network(images_uint8)
        return features.float(), None if logits is None else logits.float()


@contextmanager
def _full_precision(device_type: str) -> Iterator[None]:
    """Neither gradients nor the shortened floats (TF32, autocast) that a GPU would use: they move a score."""
    with (
        torch.inference_mode(),
        torch.autocast(device_type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
    ):
        yield
