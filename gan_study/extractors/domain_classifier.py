"""A small classifier of the data set's own classes, whose hidden layer gives the features.

Binkowski et al. 2018 score MNIST in this way with a LeNet-like network. Its distances are small and not comparable with
the FID.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.config.extractors import EXTRACTORS
from gan_study.data.datasets import Dataset
from gan_study.extractors.extractor import Extractor, apply_network, shrink_images, shrunk_size
from gan_study.extractors.fitting import Indices, Lesson, fit_network, num_steps
from gan_study.extractors.fitting_state import StateFile
from gan_study.extractors.kinds import FeatureNetwork, TrainedKind
from gan_study.gan.conversion import to_float

HIDDEN_DIMS = 64
_DIGIT_NAMES = tuple("0123456789")


class DomainClassifier(FeatureNetwork):
    """Two to five convolutions down to 4x4, a hidden layer of 64 features, one logit per class."""

    dims = HIDDEN_DIMS

    def __init__(self, image_size: int, num_channels: int, num_classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        size, channels, width = shrunk_size(image_size), num_channels, 32
        while size >= 8:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            size, channels, width = size // 2, width, min(2 * width, 128)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * size * size, HIDDEN_DIMS), nn.ReLU())
        self.head = nn.Linear(HIDDEN_DIMS, num_classes)

    def forward(self, images_uint8: Tensor) -> tuple[Tensor, Tensor]:
        """NCHW uint8 in [0, 255] => features (N, 64), logits (N, num_classes)."""
        features = self.body(shrink_images(to_float(images_uint8)))
        return features, self.head(features)


class StackedClassifier(FeatureNetwork):
    """A classifier of stacked digits: one network classifies the digit in each of three channels (PacGAN, section
    4.1)."""

    dims = 3 * HIDDEN_DIMS

    def __init__(self, image_size: int) -> None:
        super().__init__()
        self.digit = DomainClassifier(image_size, 1, len(_DIGIT_NAMES))

    def forward(self, images_uint8: Tensor) -> tuple[Tensor, Tensor]:
        """N3HW uint8 in [0, 255] => features (N, 192), logits (N, 1000) of the classes 100a + 10b + c."""
        features, logits = self.digit(images_uint8.flatten(0, 1).unsqueeze(1))
        a, b, c = logits.unflatten(0, (-1, 3)).unbind(1)
        # The softmax of the sums is the product of the three digits' probabilities.
        joint = a[:, :, None, None] + b[:, None, :, None] + c[:, None, None, :]
        return features.reshape(len(images_uint8), -1), joint.flatten(1)


def train(
    dataset: Dataset,
    seed: int = 0,
    kimg: float = EXTRACTORS["domain_classifier"].most_kimg,
    device: torch.device | None = None,
    file: StateFile | None = None,
) -> nn.Module:
    """The classifier trained on the train part; repeatable on one machine; see `fit_network`."""
    if not _is_stacked(dataset):
        return _train_single(dataset, seed, kimg, device, file)
    network = StackedClassifier(dataset.image_size)
    network.digit = _train_single(_single_channels(dataset), seed, kimg, device, file)
    return network


def accuracy(network: nn.Module, dataset: Dataset) -> float:
    """Share of the held-out images with the largest logit at their label."""
    labels, indices = _labels(dataset), dataset.held_out_indices
    right = 0
    for part in np.array_split(indices, max(1, len(indices) // 100)):
        _, logits = apply_network(network, torch.from_numpy(dataset.images[part]))
        assert logits is not None, "a classifier has logits"
        right += int((logits.argmax(1).numpy() == labels[part]).sum())
    return right / len(indices)


def _train_single(
    dataset: Dataset, seed: int, kimg: float, device: torch.device | None, file: StateFile | None
) -> DomainClassifier:
    labels = _labels(dataset)

    def classify(network: DomainClassifier, chosen: Indices) -> tuple[Tensor, Tensor]:
        device = network.head.weight.device
        _, logits = network(torch.from_numpy(dataset.images[chosen]).to(device))
        return logits, torch.from_numpy(labels[chosen]).to(device)

    def loss(network: DomainClassifier, chosen: Indices) -> Tensor:
        return nn.functional.cross_entropy(*classify(network, chosen))

    def error(network: DomainClassifier, chosen: Indices) -> float:
        logits, right = classify(network, chosen)
        return float((logits.argmax(1) != right).double().mean())

    most_steps = num_steps(kimg, EXTRACTORS["domain_classifier"].most_epochs, len(dataset.train_indices))
    lesson = Lesson(lambda: _build_single(dataset), loss, error)
    return fit_network(lesson, dataset.train_indices, most_steps, seed, device, file)


def _build(dataset: Dataset) -> FeatureNetwork:
    return StackedClassifier(dataset.image_size) if _is_stacked(dataset) else _build_single(dataset)


def _build_single(dataset: Dataset) -> DomainClassifier:
    assert dataset.class_names is not None, "labels have names"
    return DomainClassifier(dataset.image_size, dataset.num_channels, len(dataset.class_names))


def _labels(dataset: Dataset) -> NDArray[np.int64]:
    assert dataset.labels is not None, "`load_or_train_extractor` refuses data sets without labels"
    return dataset.labels


def _is_stacked(dataset: Dataset) -> bool:
    return dataset.name == "stacked_mnist"


def _single_channels(dataset: Dataset) -> Dataset:
    """Each channel as a grey image of its own, labelled with its digit."""
    labels = _labels(dataset)
    digits = np.stack([labels // 100, labels // 10 % 10, labels % 10], axis=1)
    train, held_out = (
        (3 * part[:, None] + np.arange(3)).ravel() for part in (dataset.train_indices, dataset.held_out_indices)
    )
    return replace(
        dataset,
        images=dataset.images.reshape(-1, 1, *dataset.images.shape[2:]),
        labels=digits.ravel(),
        class_names=_DIGIT_NAMES,
        train_indices=train,
        held_out_indices=held_out,
    )


def _measure(extractor: Extractor, dataset: Dataset) -> Extractor:
    return replace(extractor, accuracy=accuracy(extractor.network, dataset))


KIND = TrainedKind("domain_classifier", recipe="4", layer="hidden", build=_build, train=train, measure=_measure)
