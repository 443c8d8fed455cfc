"""Inspection of a data set before anything is learned from it."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.config.own.parts import is_own
from gan_study.data.cache import find_cache
from gan_study.data.datasets import load_dataset
from gan_study.data.decoding.pixels import Decoded
from gan_study.data.decoding.transform import Transform
from gan_study.data.files.layout import layout_of
from gan_study.data.sources.catalogue import find_files
from gan_study.data.sources.image_folder import find_images, images_path
from gan_study.data.sources.source import FileNotes
from gan_study.data.splits import held_out_counts
from gan_study.data.survey import Survey, SurveyCounter


@dataclass(frozen=True)
class Inspection:
    """Properties of a data set's images."""

    place: str
    """The folder or file of the images."""
    survey: Survey
    """Numbers of images and duplicates, kinds, sizes before crop and resize, and corrupt files by name."""
    channels: int
    """Channels of the images that a GAN would learn with this configuration: 1 for grey, 3 for colour."""
    num_train: int
    """Images in the train part, after max_images."""
    num_held_out: int
    """Images in the held-out part."""
    class_counts: dict[str, int] | None
    """Readable images of each class, in train and held-out part together; None without classes."""
    notes: FileNotes = field(default_factory=FileNotes)
    """Files that are not used, and the reasons for the classes."""


def inspect_dataset(config: DatasetConfig) -> Inspection:
    """Inspect all images of a data set. Raises InputError if its files are not available or none can be decoded.

    Any number of corrupt files is accepted here.
    """
    source = find_files(config)
    found = find_cache(config, source)
    if found is not None:
        cached, notes = found.images, found.notes
        survey, labels, is_train = cached.meta.survey, cached.labels, cached.is_train
        class_names, channels = cached.meta.class_names, cached.images.shape[1]
    else:
        contents, counter, kept = source.read(), SurveyCounter(), []
        for image in contents.pixels.decoded(Transform.from_config(config)):
            counter.add(image)
            if isinstance(image, Decoded):
                kept.append(image.position)
        survey, class_names, notes = counter.finish(source.place), contents.class_names, contents.notes
        labels = contents.labels[kept] if contents.labels is not None else None
        is_train = contents.is_train[kept] if contents.is_train is not None else None
        channels = config.channels or contents.pixels.channels or (3 if counter.has_colour else 1)
    counts = Counter(labels.tolist()) if labels is not None else Counter({0: survey.num_images})
    num_held_out = (
        int((~is_train).sum()) if is_train is not None else _num_held_out(list(counts.values()), config.held_out_share)
    )
    return Inspection(
        place=source.place,
        survey=survey,
        channels=channels,
        num_train=_at_most(survey.num_images - num_held_out, config),
        num_held_out=num_held_out,
        notes=notes,
        class_counts=None if class_names is None else {name: counts[n] for n, name in enumerate(class_names)},
    )


def example_images(config: DatasetConfig, num: int) -> NDArray[np.uint8]:
    """At most `num` readable images, spaced evenly over the data set, cropped and resized as for a training.

    Returns (num, C, image_size, image_size) uint8 in [0, 255]; only these are decoded. Raises InputError if the files
    are not available.
    """
    source = find_files(config)
    found = find_cache(config, source)
    if found is not None:
        images = found.images.images
        return np.array(images[_evenly_spaced(len(images), num)])
    pixels = source.read().pixels
    positions = _evenly_spaced(len(pixels), num).tolist()
    decoded = [
        image.pixels for image in pixels.decoded(Transform.from_config(config), positions) if isinstance(image, Decoded)
    ]
    channels = max((len(image) for image in decoded), default=1)
    shape = (channels, config.image_size, config.image_size)
    return np.array([np.broadcast_to(image, shape) for image in decoded], np.uint8).reshape(-1, *shape)


@dataclass(frozen=True)
class Counted:
    """Numbers of images that are not decoded yet."""

    num_train: int
    """Images in the train part."""
    warnings: tuple[str, ...] = ()
    """Warnings about the files."""


def count_train_images(config: DatasetConfig) -> Counted | None:
    """Images in the train part, from published numbers or from the names of a folder's files; own data sets are made.

    None if the folder or archive is not on this machine. Corrupt images are counted as well, since nothing is decoded.
    Raises InputError if an archive cannot be read.
    """
    if config.known_train_images is not None:
        return Counted(config.known_train_images)
    if is_own(config.name):
        dataset = load_dataset(config)
        return Counted(len(dataset.train_indices), dataset.warnings)
    place = images_path(config)
    if not place.exists():
        return None
    files = find_images(config)
    names, layout = files.names(), layout_of(files.names())
    warnings = FileNotes(passed_over=files.passed_over, layout=layout.notes).warnings(str(place))
    if not names:
        return Counted(0, warnings)
    sizes = list(Counter(layout.classes or [""] * len(names)).values())
    return Counted(_at_most(len(names) - _num_held_out(sizes, config.held_out_share), config), warnings)


def _num_held_out(class_sizes: list[int], share: float) -> int:
    return sum(held_out_counts(class_sizes, share)) if max(class_sizes) > 1 else 0


def _at_most(num_train: int, config: DatasetConfig) -> int:
    return num_train if config.max_images is None else min(num_train, config.max_images)


def _evenly_spaced(num_images: int, num: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, num_images - 1, min(num, num_images)).round().astype(np.int64))
