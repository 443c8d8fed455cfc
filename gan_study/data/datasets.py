"""Data sets by name: every image as uint8, its label, and a train / held-out split."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gan_study.config.training import DatasetConfig
from gan_study.data.idx import read_idx
from gan_study.errors import InputError

DATA_ENVIRONMENT = "GAN_STUDY_DATA"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images in memory. GANs and extractors learn from the train part; held-out images are for diagnosis."""

    name: str
    images: NDArray[np.uint8]
    """(N, C, H, W) in [0, 255]."""
    labels: NDArray[np.int64]
    """(N,) class numbers, which index `class_names`."""
    class_names: tuple[str, ...]
    train_indices: NDArray[np.int64]
    held_out_indices: NDArray[np.int64]

    @property
    def num_channels(self) -> int:
        """1 for grey, 3 for colour."""
        return int(self.images.shape[1])

    @property
    def image_size(self) -> int:
        """Height, which is also the width, in pixels."""
        return int(self.images.shape[2])

    @cached_property
    def content_hash(self) -> str:
        """First 8 hex digits of the SHA-256 of images, labels and split."""
        digest = hashlib.sha256()
        for part in (self.images, self.labels, self.train_indices):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:8]

    @property
    def identity(self) -> str:
        """Name, size and content in one word, for cache files and score keys."""
        return f"{self.name}-{self.image_size}px-{self.content_hash}"


@lru_cache(maxsize=2)
def load_dataset(config: DatasetConfig) -> Dataset:
    """Read a data set at the size asked for, once per process. Raises InputError if its files are not there."""
    return DATASETS[config.name](config.image_size)


def _digits(image_size: int) -> Dataset:
    """1,797 handwritten digits of scikit-learn (UCI optical recognition of digits), 8x8 with 17 grey levels."""
    # Imported here because it takes seconds, which the other data sets need not wait for.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = np.round(bunch.images[:, None] * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    train, held_out = train_test_split(np.arange(len(labels)), test_size=300, stratify=labels, random_state=0)
    return Dataset("digits", _resize(images, image_size), labels, _DIGIT_NAMES, np.sort(train), np.sort(held_out))


def _mnist(image_size: int) -> Dataset:
    """MNIST (LeCun et al. 1998): 60,000 training images; the 10,000 test images are the held-out part."""
    folder = _find_folder("MNIST/raw", "train-images-idx3-ubyte", "MNIST's four idx files (plain or .gz)")
    train, test = (_mnist_part(folder, part) for part in ("train", "t10k"))
    images, labels = (np.concatenate(arrays) for arrays in zip(train, test, strict=True))
    num_train = len(train[1])
    numbers = np.arange(len(labels))
    return Dataset(
        "mnist",
        _resize(images[:, None], image_size),
        labels.astype(np.int64),
        _DIGIT_NAMES,
        numbers[:num_train],
        numbers[num_train:],
    )


def _mnist_part(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (N, H, W) and labels (N,) of the train or the test part."""
    images, labels = (read_idx(folder / f"{part}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise InputError(
            f"{folder}: {part}'s files must hold as many labels as images, but got arrays of the shapes "
            f"{labels.shape} and {images.shape}; fetch them again"
        )
    return images, labels


DATASETS: dict[str, Callable[[int], Dataset]] = {"digits": _digits, "mnist": _mnist}
"""Readers by name, from the image size in pixels."""

_DIGIT_NAMES = tuple("0123456789")


def _find_folder(relative: str, witness: str, what: str) -> Path:
    """The folder below GAN_STUDY_DATA that holds a file (or its .gz). Raises InputError saying what to put where."""
    root = os.environ.get(DATA_ENVIRONMENT)
    if not root:
        raise InputError(
            f"dataset: the files of this data set must be on this machine, but got {DATA_ENVIRONMENT}=(not set); "
            f"set it to a folder that holds {what} in {relative}"
        )
    folder = Path(root) / relative
    if not any((folder / f"{witness}{ending}").exists() for ending in ("", ".gz")):
        raise InputError(
            f"{folder}: {what} must be here, but got no {witness}; put them here, "
            f"or set {DATA_ENVIRONMENT} to the folder above {relative}"
        )
    return folder


def _resize(images: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """(N, C, H, W) uint8 => (N, C, image_size, image_size) uint8, bicubic with antialiasing."""
    if images.shape[-1] == image_size:
        return images
    chunks = [
        torch.nn.functional.interpolate(
            torch.from_numpy(chunk).float(), size=(image_size, image_size), mode="bicubic", antialias=True
        )
        .round_()
        .clamp_(0, 255)
        .to(torch.uint8)
        .numpy()
        for chunk in np.array_split(images, max(1, len(images) // 4096))
    ]
    return np.concatenate(chunks)
