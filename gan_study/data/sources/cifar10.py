"""CIFAR-10 (Krizhevsky 2009): 32x32 colour photos in Python pickles, packed (cifar-10-python.tar.gz) or not.

A pickle may call any function, so the unpickler here accepts numpy arrays only.
"""

import io
import pickle
import pickletools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.data.decoding.pixels import StackPixels
from gan_study.data.sources.locate import Located, Wanted, locate_files
from gan_study.data.sources.named_files import Form, FoundFile
from gan_study.data.sources.source import Contents, FileNotes, Source, unlike_published
from gan_study.errors import InputError

_FOLDER = "cifar-10-batches-py"
_FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
_WANTED = Wanted(
    "cifar10",
    (Form("Python batches", {name: name for name in _FILES}, is_telling=True),),
    "CIFAR-10's six Python batches (data_batch_1 to 5, test_batch)",
    _FOLDER,
    _FILES[0],
)
_CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_ALLOWED: dict[tuple[str, str], Any] = {
    # numpy's function that makes an array, under the names that versions 1 and 2 write. The content follows. As
    # arguments it gets a class and a shape; a large shape would take memory, and the class could be called itself.
    ("numpy.core.multiarray", "_reconstruct"): lambda *ignored: np.empty(0, np.uint8),
    ("numpy._core.multiarray", "_reconstruct"): lambda *ignored: np.empty(0, np.uint8),
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): np.dtype,
    # Python 3's way to write bytes into a pickle that Python 2 can read.
    ("_codecs", "encode"): lambda text, encoding: text.encode("latin1"),
}


def cifar10(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """Find CIFAR-10: 50,000 images to learn, and the 10,000 test images as held-out part."""
    located = locate_files(_WANTED, may_fetch)
    return Source(located.place, lambda: located.files, lambda: _read(located))


def _read(located: Located) -> Contents:
    _, files = located.choose()
    parts = [_read_batch(files[name]) for name in _FILES]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    is_train = np.arange(len(labels)) < len(labels) - len(parts[-1][1])
    notes = FileNotes(others=unlike_published("cifar10", is_train))
    return Contents(StackPixels.from_array(images), labels, _CLASS_NAMES, is_train, notes)


def _read_batch(file: FoundFile) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 3, 32, 32) in [0, 255] and labels (N,). Raises InputError if the file is not such a batch."""
    content = file.read()
    try:
        # Written by Python 2, whose text is bytes for Python 3; latin1 makes names of the keys and keeps numbers.
        _refuse_large_memo(content)
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()
        pixels, labels = batch["data"], batch["labels"]
        # A pickle can name one value very often. An honest one is at least as long as its pixels.
        if not isinstance(pixels, np.ndarray) or pixels.nbytes > len(content):
            raise pickle.UnpicklingError("its data is not an array of pixels in the file")
        if not isinstance(labels, list) or not all(type(label) is int for label in labels):
            raise pickle.UnpicklingError("its labels are not a list of numbers")
        images, labels = pixels.reshape(-1, 3, 32, 32), np.asarray(labels)
    except Exception as error:  # a damaged pickle raises all kinds
        raise InputError(
            f"{file.place}: the file must be one of CIFAR-10's Python batches, but cannot be read ({error!r}); fetch "
            "it again"
        ) from error
    known = labels.shape == (len(images),) and len(labels) > 0 and labels.dtype.kind == "i"
    if images.dtype != np.uint8 or not known or labels.min() < 0 or labels.max() >= len(_CLASS_NAMES):
        raise InputError(
            f"{file.place}: a batch must hold uint8 images and as many labels from 0 to 9, but got {images.dtype} "
            f"images of the shape {images.shape} and {labels.dtype} labels of the shape {labels.shape}; fetch it again"
        )
    return images, labels.astype(np.int64)


def _refuse_large_memo(content: bytes) -> None:
    """Raise UnpicklingError if a pickle numbers its values far beyond their count: Python would make room for all."""
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and (argument or 0) > len(content):
            raise pickle.UnpicklingError(f"it has {len(content):,} bytes, but numbers a value {argument:,}")


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not part of an array") from None
