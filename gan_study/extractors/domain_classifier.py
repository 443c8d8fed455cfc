"""A small classifier of the data set's own classes, whose hidden layer gives the features of the objective.

Binkowski et al. 2018 score MNIST the same way with a LeNet-like network. Its distances are small numbers of
their own and are not comparable with FID.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from gan_study.data.conversion import to_float
from gan_study.data.datasets import Dataset
from gan_study.data.sampler import batch_positions
from gan_study.errors import StorageError
from gan_study.runs.storage import Storage

FEATURE_DIMS = 64
RECIPE = "1"
"""Raised whenever network or training below change, so that cached weights are never mistaken."""
_BATCH_SIZE = 64
_MAX_STEPS = 3000
_EPOCHS = 30


class DomainClassifier(nn.Module):
    """Two to five convolutions down to 4x4, a hidden layer of 64 features, one logit per class."""

    def __init__(self, image_size: int, num_channels: int, num_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        size, channels, width = image_size, num_channels, 32
        while size >= 8:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            size, channels, width = size // 2, width, min(2 * width, 128)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * size * size, FEATURE_DIMS), nn.ReLU())
        self.head = nn.Linear(FEATURE_DIMS, num_classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images NCHW float32 in [-1, 1] => features (N, 64), logits (N, num_classes)."""
        features = self.body(images)
        return features, self.head(features)


@dataclass(frozen=True)
class TrainedClassifier:
    """Weights as stored, their hash, and how well they do."""

    weights: bytes
    """safetensors."""
    accuracy: float
    """Share of held-out images named rightly."""

    @property
    def weights_hash(self) -> str:
        """First 8 hex digits of the SHA-256 of the stored weights."""
        return hashlib.sha256(self.weights).hexdigest()[:8]


def restore(weights: bytes, dataset: Dataset) -> DomainClassifier:
    """The network with stored weights, frozen and in evaluation mode."""
    network = _build(dataset)
    network.load_state_dict(load_tensors(weights))
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # faster


def obtain(dataset: Dataset, cache: Storage | None = None) -> TrainedClassifier:
    """The classifier of a data set: from this machine's cache, else trained (about 10 s on digits) and cached."""
    cache = cache or default_cache()
    name = f"domain_classifier-{RECIPE}-{dataset.identity}.safetensors"
    try:
        weights = cache.read_bytes(name)
    except (FileNotFoundError, StorageError):
        weights = save_tensors(train(dataset).state_dict())
        with suppress(StorageError):  # a cache that cannot be used costs time, never a study
            cache.write_bytes(name, weights)
    return TrainedClassifier(weights, accuracy(restore(weights, dataset), dataset))


def default_cache() -> Storage:
    """The folder of this machine that keeps extractors between studies: GAN_STUDY_CACHE or ~/.cache/gan_study."""
    return Storage(os.environ.get("GAN_STUDY_CACHE") or Path("~/.cache/gan_study").expanduser())


def train(dataset: Dataset, seed: int = 0) -> DomainClassifier:
    """Train on the train part with Adam; one thread and a fixed seed make it repeatable on one machine."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _build(dataset)
            _fit(network, dataset, seed)
    finally:
        torch.set_num_threads(num_threads)
    return network.eval().requires_grad_(False)


def accuracy(network: DomainClassifier, dataset: Dataset) -> float:
    """Share of the held-out images whose largest logit is that of their label."""
    right = 0
    for part in np.array_split(dataset.held_out_indices, max(1, len(dataset.held_out_indices) // 100)):
        with torch.no_grad():
            _, logits = network(to_float(torch.from_numpy(dataset.images[part])))
        right += int((logits.argmax(1).numpy() == dataset.labels[part]).sum())
    return right / len(dataset.held_out_indices)


def _build(dataset: Dataset) -> DomainClassifier:
    return DomainClassifier(dataset.image_size, dataset.num_channels, len(dataset.class_names))


def _fit(network: DomainClassifier, dataset: Dataset, seed: int) -> None:
    num_train = len(dataset.train_indices)
    num_steps = min(_MAX_STEPS, max(1, _EPOCHS * num_train // _BATCH_SIZE))
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    for step in range(num_steps):
        chosen = dataset.train_indices[batch_positions(seed, step * _BATCH_SIZE, _BATCH_SIZE, num_train)]
        _, logits = network(to_float(torch.from_numpy(dataset.images[chosen])))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(dataset.labels[chosen]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
