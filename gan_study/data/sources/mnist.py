"""MNIST and its relatives: 28x28 grey images, in all forms and layouts in which they are distributed.

Their test images are the held-out part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.config.names import DatasetName
from gan_study.data.decoding.pixels import StackPixels
from gan_study.data.sources import mnist_forms as forms
from gan_study.data.sources.digits import DIGIT_NAMES
from gan_study.data.sources.locate import Located, Wanted, locate_files
from gan_study.data.sources.named_files import Form
from gan_study.data.sources.source import Contents, FileNotes, Source, unlike_published
from gan_study.errors import InputError


@dataclass(frozen=True)
class Relative:
    """One member of the family."""

    name: DatasetName
    title: str
    folder: str
    """The folder of a download, below the data folder."""
    class_names: tuple[str, ...]
    forms: tuple[tuple[Form, Callable[[forms.Files], tuple[forms.Part, forms.Part]]], ...]
    """Forms in which it is distributed, each with its reader."""
    train_images: str = "train-images-idx3-ubyte"
    """The file of a download with the train images."""
    first_label: int = 0
    is_transposed: bool = False
    """True if rows and columns are exchanged in the files."""

    @property
    def wanted(self) -> Wanted:
        """The files to look for."""
        what = f"{self.title}'s four idx files (plain or .gz)"
        return Wanted(self.name, tuple(form for form, _ in self.forms), what, self.folder, self.train_images)


_IDX = (forms.idx_form("train", "(t10k|test)", is_telling=False), forms.read_idx_parts)
MNIST = Relative(
    "mnist",
    "MNIST",
    "MNIST/raw",
    DIGIT_NAMES,
    (
        _IDX,
        (forms.keras_form("mnist"), forms.read_keras_parts),
        (forms.tables_form("mnist"), forms.read_table_parts),
    ),
)
"""Handwritten digits (LeCun et al. 1998)."""
FASHION_MNIST = Relative(
    "fashion_mnist",
    "Fashion-MNIST",
    "FashionMNIST/raw",
    ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    (_IDX, (forms.tables_form("fashion-?mnist"), forms.read_table_parts)),
)
"""Clothes (Xiao et al. 2017)."""
KMNIST = Relative(
    "kmnist",
    "KMNIST",
    "KMNIST/raw",
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    (_IDX, (forms.arrays_form("kmnist"), forms.read_array_parts)),
)
"""Cursive Japanese characters (Clanuwat et al. 2018)."""
EMNIST_LETTERS = Relative(
    "emnist_letters",
    "EMNIST letters",
    "EMNIST/raw",
    tuple(ascii_lowercase),
    (
        (
            forms.idx_form("emnist-letters-train", "emnist-letters-test", is_telling=True),
            forms.read_idx_parts,
        ),
        (forms.tables_form("emnist-letters"), forms.read_table_parts),
    ),
    train_images="emnist-letters-train-images-idx3-ubyte",
    first_label=1,
    is_transposed=True,
)
"""Handwritten letters, with upper and lower case in one class (Cohen et al. 2017)."""


def mnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find MNIST: 60,000 images to learn, 10,000 held out."""
    return _source(MNIST, may_fetch)


def fashion_mnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find Fashion-MNIST: 60,000 images to learn, 10,000 held out."""
    return _source(FASHION_MNIST, may_fetch)


def kmnist(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find KMNIST: 60,000 images to learn, 10,000 held out."""
    return _source(KMNIST, may_fetch)


def emnist_letters(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find EMNIST Letters: 124,800 images to learn, 20,800 held out."""
    return _source(EMNIST_LETTERS, may_fetch)


def find_relative_files(relative: Relative, may_fetch: bool = True) -> Located:
    """The files, downloaded if they are missing and downloads are allowed. Raises InputError if they are not
    available."""
    return locate_files(relative.wanted, may_fetch)


def read_relative_files(located: Located, relative: Relative) -> tuple[NDArray[np.uint8], NDArray[np.int64], int]:
    """Images (N, H, W) in [0, 255], class numbers (N,), and the number of leading images that form the train part.

    Raises InputError if the files are damaged or do not belong together.
    """
    form, files = located.choose()
    read = next(read for known, read in relative.forms if known == form)
    (train_images, train_labels), (test_images, test_labels) = (
        _checked(part, which, located.place, relative)
        for part, which in zip(read(files), ("train", "test"), strict=True)
    )
    if train_images.shape[1:] != test_images.shape[1:]:
        raise InputError(
            f"{located.place}: train and test images must have one size, but got {train_images.shape[1:]} and "
            f"{test_images.shape[1:]}; fetch them again"
        )
    images = np.concatenate([train_images, test_images])
    return images, np.concatenate([train_labels, test_labels]), len(train_labels)


def _source(relative: Relative, may_fetch: bool) -> Source:
    located = find_relative_files(relative, may_fetch)
    return Source(located.place, lambda: located.files, lambda: _read(located, relative))


def _read(located: Located, relative: Relative) -> Contents:
    images, labels, num_train = read_relative_files(located, relative)
    is_train = np.arange(len(labels)) < num_train
    notes = FileNotes(others=unlike_published(relative.name, is_train))
    return Contents(StackPixels.from_array(images[:, None]), labels, relative.class_names, is_train, notes)


def _checked(
    part: forms.Part, which: str, place: str, relative: Relative
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images in the right orientation, and class numbers."""
    images, labels = part
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise InputError(
            f"{place}: the {which} files must hold as many labels as images, but got arrays of the shapes "
            f"{labels.shape} and {images.shape}; fetch them again"
        )
    numbers = labels.astype(np.int64) - relative.first_label
    if not len(numbers) or numbers.min() < 0 or numbers.max() >= len(relative.class_names):
        found = f"{labels.min()} to {labels.max()}" if len(labels) else "none"
        last = relative.first_label + len(relative.class_names) - 1
        raise InputError(
            f"{place}: the {which} labels must be {relative.first_label} to {last}, but got {found}; fetch them again"
        )
    return images.transpose(0, 2, 1) if relative.is_transposed else images, numbers
