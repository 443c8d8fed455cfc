"""MNIST and its relatives: 28x28 grey images in idx files, laid out as torchvision does, plain or .gz.

Their test images are the held-out part.
"""

from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.config.names import DatasetName
from gan_study.data.pixels import StackPixels
from gan_study.data.places import data_folder, file_facts
from gan_study.data.sources.digits import DIGIT_NAMES
from gan_study.data.sources.downloads import obtain
from gan_study.data.sources.idx import find_idx, read_idx
from gan_study.data.sources.source import Contents, Source
from gan_study.errors import InputError


@dataclass(frozen=True)
class IdxLayout:
    """How one of the family lies on the disk."""

    name: DatasetName
    title: str
    folder: str
    """Below the data folder."""
    class_names: tuple[str, ...]
    train_prefix: str = "train"
    test_prefix: str = "t10k"
    first_label: int = 0
    is_transposed: bool = False
    """Whether rows and columns are exchanged in the files."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """The train images' first."""
        return tuple(
            f"{prefix}-{kind}-ubyte"
            for prefix in (self.train_prefix, self.test_prefix)
            for kind in ("images-idx3", "labels-idx1")
        )


MNIST = IdxLayout("mnist", "MNIST", "MNIST/raw", DIGIT_NAMES)
"""Handwritten digits: LeCun et al. 1998."""
FASHION_MNIST = IdxLayout(
    "fashion_mnist",
    "Fashion-MNIST",
    "FashionMNIST/raw",
    ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
"""Clothes: Xiao et al. 2017."""
KMNIST = IdxLayout("kmnist", "KMNIST", "KMNIST/raw", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"))
"""Cursive Japanese: Clanuwat et al. 2018."""
EMNIST_LETTERS = IdxLayout(
    "emnist_letters",
    "EMNIST letters",
    "EMNIST/raw",
    tuple(ascii_lowercase),
    train_prefix="emnist-letters-train",
    test_prefix="emnist-letters-test",
    first_label=1,
    is_transposed=True,
)
"""Handwritten letters, upper and lower case in one class: Cohen et al. 2017."""


def mnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """60,000 images to learn, 10,000 held out."""
    return _source(MNIST, may_fetch)


def fashion_mnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """60,000 images to learn, 10,000 held out."""
    return _source(FASHION_MNIST, may_fetch)


def kmnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """60,000 images to learn, 10,000 held out."""
    return _source(KMNIST, may_fetch)


def emnist_letters(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """124,800 images to learn, 20,800 held out."""
    return _source(EMNIST_LETTERS, may_fetch)


def find_files(layout: IdxLayout, may_fetch: bool = True) -> list[Path]:
    """The four files, each plain or .gz; downloaded if there is none and it may be. Raises InputError if they cannot be
    had."""
    folder = data_folder() / layout.folder
    if not any(find_idx(folder / name).exists() for name in layout.file_names):
        what = f"{layout.title}'s four idx files (plain or .gz)"
        obtain(layout.name, layout.folder, layout.file_names[0], what, may_fetch)
    for name in layout.file_names:
        if not find_idx(folder / name).exists():
            raise InputError(
                f"{folder / name}: the file must be here, plain or as {name}.gz, but is not; put it here, or remove "
                "the others, so that all are downloaded"
            )
    return [find_idx(folder / name) for name in layout.file_names]


def read_files(folder: Path, layout: IdxLayout) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Images (N, H, W) in [0, 255], class numbers (N,), and how many of them, the first ones, are the train part.

    Raises InputError if the files are damaged or do not belong together.
    """
    train_images, train_labels = _read_part(folder, layout, layout.train_prefix)
    test_images, test_labels = _read_part(folder, layout, layout.test_prefix)
    if train_images.shape[1:] != test_images.shape[1:]:
        raise InputError(
            f"{folder}: train and test images must have one size, but got {train_images.shape[1:]} and "
            f"{test_images.shape[1:]}; fetch them again"
        )
    images = np.concatenate([train_images, test_images])
    return images, np.concatenate([train_labels, test_labels]), len(train_labels)


def _source(layout: IdxLayout, may_fetch: bool) -> Source:
    files = find_files(layout, may_fetch)
    return Source(str(files[0].parent), [file_facts(file) for file in files], lambda: _read(files[0].parent, layout))


def _read(folder: Path, layout: IdxLayout) -> Contents:
    images, labels, num_train = read_files(folder, layout)
    is_train = np.arange(len(labels)) < num_train
    return Contents(StackPixels.of(images[:, None]), labels, layout.class_names, is_train)


def _read_part(folder: Path, layout: IdxLayout, prefix: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, labels = (read_idx(folder / f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise InputError(
            f"{folder}: {prefix}'s files must hold as many labels as images, but got arrays of the shapes "
            f"{labels.shape} and {images.shape}; fetch them again"
        )
    numbers = labels.astype(np.int64) - layout.first_label
    if not len(numbers) or numbers.min() < 0 or numbers.max() >= len(layout.class_names):
        found = f"{labels.min()} to {labels.max()}" if len(labels) else "none"
        last = layout.first_label + len(layout.class_names) - 1
        raise InputError(
            f"{folder}: {prefix}'s labels must be {layout.first_label} to {last}, but got {found}; fetch them again"
        )
    return images.transpose(0, 2, 1) if layout.is_transposed else images, numbers
