"""Images from a function of the study's own code, such as `my_data.py:rings`."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.data.content_hash import content_hash
from gan_study.data.decoding.pixels import StackPixels
from gan_study.data.files.fingerprint import Files
from gan_study.data.sources.source import Contents, Source
from gan_study.errors import InputError
from gan_study.own_code import own_errors, own_object

_CHANNELS = (1, 3)


def own_data(config: DatasetConfig, may_fetch: bool = True) -> Source:
    """The images that an own function returns.

    The code and the values of its parameters determine them. A text value that is the path of a file counts with the
    content of the file, so images are made anew when it changes. Reading them needs the code to be loaded.
    """
    taken = json.dumps([config.name, config.code, config.own, config.seed, config.image_size])
    return Source(config.name, lambda: _files(config), lambda: _read(config), ("own", taken))


def _files(config: DatasetConfig) -> list[Files]:
    paths = [Path(value) for value in config.own.values() if isinstance(value, str)]
    return [Files.from_paths(path) for path in paths if path.is_file()]


def _read(config: DatasetConfig) -> Contents:
    function = own_object(config.code, config.name)
    code = inspect.unwrap(function).__code__
    place = f"{code.co_filename}:{code.co_firstlineno}: {function.__name__}"
    settings = {"image_size": config.image_size, "seed": config.seed}
    taken = inspect.signature(function).parameters
    values = {**config.own, **{name: value for name, value in settings.items() if name in taken}}
    images, labels = _made(function, values, place)
    again = content_hash(_made(function, values, place))
    if again != content_hash([images, labels]):
        raise InputError(
            f"{place} must return the same images at every call, but a second call returned others; seed its random "
            "numbers inside the function, such as by numpy.random.default_rng(0)"
        )
    if labels is None:
        return Contents(StackPixels.from_array(images), None, None, None)
    classes, numbers = np.unique(labels, return_inverse=True)
    return Contents(StackPixels.from_array(images), numbers.astype(np.int64), tuple(map(str, classes)), None)


def _made(
    function: Callable[..., Any], values: dict[str, Any], place: str
) -> tuple[NDArray[np.uint8], NDArray[np.generic] | None]:
    """Call the function, and check what it returns."""
    with own_errors("making the images"):
        made = function(**values)
        images, labels = made if isinstance(made, tuple | list) and len(made) == 2 else (made, None)
        images, labels = np.asarray(images), None if labels is None else np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in _CHANNELS or 0 in images.shape:
        raise InputError(
            f"{place} must return images of shape (N, 1 or 3, height, width), uint8 in [0, 255], but got shape "
            f"{images.shape} of {images.dtype}{_remedy(images)}"
        )
    if labels is not None and (labels.shape != (len(images),) or labels.dtype.kind not in "biuU"):
        raise InputError(
            f"{place} must return one label for each of its {len(images):,} images, a whole number or a text, but got "
            f"shape {labels.shape} of {labels.dtype}; return images, labels, or images alone"
        )
    return images, labels


def _remedy(images: NDArray[Any]) -> str:
    if images.ndim == 4 and images.shape[3] in _CHANNELS and images.shape[1] not in _CHANNELS:
        return "; put the channels first: images.transpose(0, 3, 1, 2)"
    if images.ndim == 3 and images.dtype == np.uint8:
        return "; give grey images a channel: images[:, None]"
    if images.ndim == 4 and images.dtype != np.uint8:
        return "; scale them to [0, 255], round them, and convert them: images.round().astype(numpy.uint8)"
    return "; return such an array"
