"""Some of MNIST's images at half their size, read without decoding all of them: real images for fast tests."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gan_study.data.datasets import Dataset
from gan_study.data.sources.idx import parse_idx
from support.standins import idx

_LEARNED, _HELD_OUT = "train", "t10k"


def small_mnist(data_folder: Path, num_train: int, num_held_out: int) -> Dataset:
    """Digits of 16x16 pixels: the first of the training files and of the test files. Skips where they are not there."""
    folder = data_folder / "MNIST" / "raw"
    if _find(folder / f"{_LEARNED}-images-idx3-ubyte") is None:
        pytest.skip(f"needs MNIST's files, which are not in {data_folder} (GAN_STUDY_DATA)")
    (train, train_labels), (held_out, held_out_labels) = (
        _first(folder, prefix, num) for prefix, num in ((_LEARNED, num_train), (_HELD_OUT, num_held_out))
    )
    return Dataset(
        name="mnist",
        images=np.concatenate([train, held_out]),
        labels=np.concatenate([train_labels, held_out_labels]),
        class_names=tuple("0123456789"),
        train_indices=np.arange(num_train),
        held_out_indices=num_train + np.arange(num_held_out),
    )


def write_small_mnist(data_folder: Path, folder: Path, num_train: int, num_held_out: int) -> None:
    """Write the first of the real images and labels into `folder`/MNIST/raw, as the download has them."""
    (folder / "MNIST" / "raw").mkdir(parents=True)
    for prefix, num in ((_LEARNED, num_train), (_HELD_OUT, num_held_out)):
        for kind in ("images-idx3", "labels-idx1"):
            name = f"MNIST/raw/{prefix}-{kind}-ubyte"
            (folder / name).write_bytes(idx(_read(data_folder / name)[:num]))


def _find(path: Path) -> Path | None:
    """The file, plain or gzipped."""
    return next((p for p in (path, path.with_name(f"{path.name}.gz")) if p.is_file()), None)


def _read(path: Path) -> NDArray[np.uint8]:
    found = _find(path)
    assert found is not None, f"{path} is missing"
    return parse_idx(found.read_bytes(), str(found))


def _first(folder: Path, prefix: str, num: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(num, 1, 16, 16) images, each pixel the mean of four, with an empty border; (num,) digits."""
    images = _read(folder / f"{prefix}-images-idx3-ubyte")[:num]
    labels = _read(folder / f"{prefix}-labels-idx1-ubyte")[:num]
    halved = images.reshape(-1, 1, 14, 2, 14, 2).mean(axis=(3, 5)).round().astype(np.uint8)
    return np.pad(halved, ((0, 0), (0, 0), (1, 1), (1, 1))), labels.astype(np.int64)
