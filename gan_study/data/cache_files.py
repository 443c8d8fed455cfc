"""The files of one decoded data set: `images.npy`, `labels.npy`, `is_train.npy` and `meta.json` in a folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gan_study.config.base import Frozen
from gan_study.data.content_hash import content_hash
from gan_study.data.decoding.pixels import Decoded
from gan_study.data.decoding.transform import Transform
from gan_study.data.sources.source import Contents
from gan_study.data.survey import Survey, SurveyCounter

FORMAT_VERSION: Final = 3
"""Part of every cache's key; raised when a change affects the cache's pixels, files or warnings."""

_IMAGES, _LABELS, _IS_TRAIN, _META = "images.npy", "labels.npy", "is_train.npy", "meta.json"
_CHUNK = 1 << 12


class CacheMeta(Frozen):
    """The file meta.json."""

    format_version: Literal[3] = FORMAT_VERSION
    """Version of the folder's layout."""
    content_hash: str
    """Hash of images, labels and, if the source decides them, train indices."""
    class_names: tuple[str, ...] | None
    """Names of the classes, by label; null without classes."""
    survey: Survey
    """Properties of the images before crop and resize."""


@dataclass(frozen=True, eq=False)
class CachedImages:
    """A decoded data set on the disk."""

    meta: CacheMeta
    images: NDArray[np.uint8]
    """(N, C, H, W) in [0, 255], mapped from the file: pages are loaded on use, and processes share them."""
    labels: NDArray[np.int64] | None
    is_train: NDArray[np.bool_] | None


def write_cache(folder: Path, contents: Contents, transform: Transform, place: str) -> None:
    """Decode all images into an existing empty folder, in bounded memory. Raises InputError if there is none to decode.

    `place` says in messages which data set it is.
    """
    counter, kept = SurveyCounter(), []
    channels = transform.channels or contents.pixels.channels
    with (folder / _IMAGES).open("wb") as file:
        # Any image up to the last may be the first with colour.
        shape = (len(contents.pixels), channels or 3, transform.image_size, transform.image_size)
        _write_header(file, shape)
        for image in contents.pixels.decoded(transform):
            counter.add(image)
            if isinstance(image, Decoded):
                kept.append(image.position)
                file.write(np.broadcast_to(image.pixels, shape[1:]).tobytes())
        survey = counter.finish(place)
        _write_header(file, (survey.num_images, *shape[1:]))
    if channels is None and not counter.has_colour:
        _keep_first_channel(folder / _IMAGES)
    labels = contents.labels[kept] if contents.labels is not None else None
    is_train = contents.is_train[kept] if contents.is_train is not None else None
    for name, array in ((_LABELS, labels), (_IS_TRAIN, is_train)):
        if array is not None:
            np.save(folder / name, array)
    hashed = content_hash([_map(folder / _IMAGES), labels, np.flatnonzero(is_train) if is_train is not None else None])
    meta = CacheMeta(content_hash=hashed, class_names=contents.class_names, survey=survey)
    (folder / _META).write_text(meta.model_dump_json(indent=1))
    _flush(folder)


def read_cache(folder: Path) -> CachedImages | None:
    """The images that `write_cache` wrote; None if they are missing or damaged."""
    try:
        meta = CacheMeta.model_validate_json((folder / _META).read_bytes())
        images = _map(folder / _IMAGES)
        labels = np.load(folder / _LABELS, allow_pickle=False) if meta.class_names is not None else None
        is_train = np.load(folder / _IS_TRAIN, allow_pickle=False) if (folder / _IS_TRAIN).exists() else None
    except (OSError, ValueError):
        return None
    whole = all(part is None or len(part) == meta.survey.num_images for part in (images, labels, is_train))
    return CachedImages(meta, images, labels, is_train) if whole else None


def _map(path: Path) -> NDArray[np.uint8]:
    # Copy on write: a page that someone writes to becomes the process's own, and the file stays as it is.
    mapped: NDArray[np.uint8] = np.load(path, mmap_mode="c", allow_pickle=False)
    return np.asarray(mapped)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of an npy file of bytes. It has room for any length of the first axis and can be overwritten."""
    file.seek(0)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _keep_first_channel(path: Path) -> None:
    images, narrow = _map(path), path.with_suffix(".narrow")
    with narrow.open("wb") as file:
        _write_header(file, (len(images), 1, *images.shape[2:]))
        for start in range(0, len(images), _CHUNK):
            file.write(images[start : start + _CHUNK, :1].tobytes())
    narrow.replace(path)


def _flush(folder: Path) -> None:
    """Force the files onto the disk, so that a power failure does not leave a folder with empty files."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
