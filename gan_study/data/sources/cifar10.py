"""CIFAR-10 (Krizhevsky 2009): 32x32 colour photos in Python pickles, laid out as torchvision does.

A pickle can name any function to be called, so they are read by an unpickler that knows numpy arrays only.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.data.pixels import StackPixels
from gan_study.data.places import data_folder, file_facts
from gan_study.data.sources.downloads import obtain
from gan_study.data.sources.source import Contents, Source
from gan_study.errors import InputError

_FOLDER = "cifar-10-batches-py"
_TRAIN_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST_FILE = "test_batch"
_CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_ALLOWED: dict[tuple[str, str], Any] = {
    # numpy's own function to make an array again, under the names that versions 1 and 2 write.
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    # Python 3's way to write bytes into a pickle that Python 2 can read.
    ("_codecs", "encode"): lambda text, encoding: text.encode("latin1"),
}


def cifar10(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """50,000 images to learn; the 10,000 test images are held out."""
    folder = data_folder() / _FOLDER
    names = (*_TRAIN_FILES, _TEST_FILE)
    if not any((folder / name).exists() for name in names):
        what = "CIFAR-10's six Python batches (data_batch_1 to 5, test_batch)"
        obtain("cifar10", _FOLDER, names[0], what, may_fetch)
    for name in names:
        if not (folder / name).exists():
            raise InputError(
                f"{folder / name}: the file must be here, but is not; put it here, or remove the others, "
                "so that all are downloaded"
            )
    return Source(str(folder), [file_facts(folder / name) for name in names], lambda: _read(folder))


def _read(folder: Path) -> Contents:
    parts = [_read_batch(folder / name) for name in (*_TRAIN_FILES, _TEST_FILE)]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    is_train = np.arange(len(labels)) < len(labels) - len(parts[-1][1])
    return Contents(StackPixels.of(images), labels, _CLASS_NAMES, is_train)


def _read_batch(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 3, 32, 32) in [0, 255] and labels (N,). Raises InputError if the file is not such a batch."""
    try:
        # Written by Python 2, whose text is bytes for Python 3; latin1 makes names of the keys and keeps numbers.
        batch = _ArrayUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        images = np.asarray(batch["data"]).reshape(-1, 3, 32, 32)
        labels = np.asarray(batch["labels"])
    except Exception as error:  # a damaged pickle raises all kinds
        raise InputError(
            f"{path}: the file must be one of CIFAR-10's Python batches, but cannot be read ({error!r}); fetch it again"
        ) from error
    known = labels.shape == (len(images),) and len(labels) > 0 and labels.dtype.kind == "i"
    if images.dtype != np.uint8 or not known or labels.min() < 0 or labels.max() >= len(_CLASS_NAMES):
        raise InputError(
            f"{path}: a batch must hold uint8 images and as many labels from 0 to 9, but got {images.dtype} images "
            f"of the shape {images.shape} and {labels.dtype} labels of the shape {labels.shape}; fetch it again"
        )
    return images, labels.astype(np.int64)


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not part of an array") from None
