"""The forms of MNIST and its relatives: idx files, numpy arrays, and tables of numbers."""

import io
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from gan_study.data.sources.idx import parse_idx
from gan_study.data.sources.named_files import Form, FoundFile
from gan_study.errors import InputError
from gan_study.runs.unpacking import gunzip, load_arrays

Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Images (N, H, W) and labels (N,) as stored in the files."""
Files = Mapping[str, FoundFile]
_SIDE = 28
_PARTS = ("train", "test")


def idx_form(train_prefix: str, test_prefix: str, is_telling: bool) -> Form:
    """Four idx files, named as by the authors and torchvision (`-idx3-ubyte`) or by Kaggle (`.idx3-ubyte`)."""
    patterns = {}
    for part, prefix in zip(_PARTS, (train_prefix, test_prefix), strict=True):
        for what, kind in (("images", "images[-.]idx3"), ("labels", "labels[-.]idx1")):
            patterns[f"{part} {what}"] = rf"{prefix}-{kind}-ubyte(\.gz)?"
    return Form("idx files", patterns, is_telling)


def arrays_form(name: str) -> Form:
    """Four numpy files, named as by KMNIST's authors."""
    patterns = {
        f"{part} {what}": rf"{name}-{part}-{short}\.npz"
        for part in _PARTS
        for what, short in (("images", "imgs"), ("labels", "labels"))
    }
    return Form("npz files", patterns, is_telling=True)


def keras_form(name: str) -> Form:
    """One numpy file with everything, as from Keras."""
    return Form("npz file", {"all": rf"{name}\.npz"}, is_telling=True)


def tables_form(name: str) -> Form:
    """Two tables with a row for each image, as from Kaggle: the label, and 784 levels."""
    patterns = {part: rf"{name}[-_]{part}\.csv(\.gz)?" for part in _PARTS}
    return Form("csv files", patterns, is_telling=True)


def read_idx_parts(files: Files) -> tuple[Part, Part]:
    """The train and the test part of `idx_form`. Raises InputError for a damaged file, like the other readers."""
    return _parts(files, lambda file: parse_idx(file.read(), file.place))


def read_array_parts(files: Files) -> tuple[Part, Part]:
    """The train and the test part of `arrays_form`."""
    return _parts(files, lambda file: _arrays(file, ("arr_0",))[0])


def read_keras_parts(files: Files) -> tuple[Part, Part]:
    """The train and the test part of `keras_form`."""
    x_train, y_train, x_test, y_test = _arrays(files["all"], ("x_train", "y_train", "x_test", "y_test"))
    return (x_train, y_train), (x_test, y_test)


def read_table_parts(files: Files) -> tuple[Part, Part]:
    """The train and the test part of `tables_form`."""
    train, test = (_table(files[part]) for part in _PARTS)
    return train, test


def _parts(files: Files, read: Callable[[FoundFile], NDArray[np.uint8]]) -> tuple[Part, Part]:
    train, test = ((read(files[f"{part} images"]), read(files[f"{part} labels"])) for part in _PARTS)
    return train, test


def _arrays(file: FoundFile, names: tuple[str, ...]) -> list[NDArray[np.uint8]]:
    content = file.read()
    try:
        arrays = load_arrays(content)
        found = [arrays[name] for name in names]
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{file.place}: the file must hold the arrays {', '.join(names)}, but cannot be read ({error}); fetch it "
            "again"
        ) from error
    for name, array in zip(names, found, strict=True):
        if array.dtype != np.uint8:
            raise InputError(
                f"{file.place}: the array {name} must be of uint8, but got {array.dtype}; fetch the file again"
            )
    return found


def _table(file: FoundFile) -> Part:
    content = file.read()
    try:
        if file.name.endswith(".gz"):
            content = gunzip(content)
        has_titles = not content[:1].isdigit()
        rows = np.loadtxt(io.BytesIO(content), np.int16, delimiter=",", skiprows=int(has_titles), ndmin=2)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(
            f"{file.place}: the file must be a table of numbers, but is not ({error}); fetch it again"
        ) from error
    if rows.shape[1] != 1 + _SIDE**2 or not len(rows) or rows.min() < 0 or rows.max() > 255:
        raise InputError(
            f"{file.place}: a row must be a label and {_SIDE**2} levels from 0 to 255, but got a table of the shape "
            f"{rows.shape}; fetch it again"
        )
    levels = rows.astype(np.uint8)
    return levels[:, 1:].reshape(-1, _SIDE, _SIDE), levels[:, 0]
