"""The images of an argument of `evaluate`, and the argument itself: statistics, a generator, or a set of images.

Images come in batches: either all resized to one shape as for a training, or each at its own size, as pytorch-fid reads
files.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_study.config.data import DatasetConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.data.decoding.pixels import Decoded, FilePixels, StackPixels
from gan_study.data.sources.catalogue import find_files
from gan_study.data.sources.image_folder import find_images, images_path, require_images
from gan_study.data.survey import SurveyCounter
from gan_study.errors import InputError
from gan_study.evaluation.collections.places import NAMED_DATASETS, find_place, refuse_runs
from gan_study.evaluation.collections.statistics_file import Statistics, read_statistics
from gan_study.evaluation.generators import TrainedGenerator, load_generator_at
from gan_study.extractors.progress import at_work
from gan_study.gan.generation import generate_uint8
from gan_study.gan.latents import draw_inputs
from gan_study.metrics.samples import BATCH_SIZE

SNAPSHOT_SAMPLES = 10_000
"""Default number of images that are drawn from a generator."""
_WANTED = "evaluate takes a folder, an archive, a snapshot, a data set's name or statistics (.npz)"
_PART_STREAM = 0xE7A1

Batches = Iterator[Tensor]
"""NCHW uint8 in [0, 255], the images of a batch of one shape."""


@dataclass(frozen=True, eq=False)
class Images:
    """A sequence of images that can be read once."""

    num: int
    """Number of images before those that cannot be decoded are left out."""
    batches: Batches


@dataclass(frozen=True)
class ImageSource:
    """A data set by name, a folder or an archive."""

    name: str
    """As the user wrote it."""
    config: DatasetConfig
    """The data set; `load_sized` replaces its `image_size`."""
    split: str
    """The part to read: all, train or held_out."""


Argument = Statistics | TrainedGenerator | ImageSource


def open_argument(text: str, split: str, *, is_reference: bool) -> Argument:
    """Find the object that an argument of the command line names; no image is decoded yet.

    `split` applies to data sets by name, and to a folder or an archive that is the reference: any other folder holds
    generated images, of which no part is held out. Raises InputError if nothing is found or it cannot be read, and for
    a folder that holds runs.
    """
    if text in NAMED_DATASETS:
        return ImageSource(text, DatasetConfig.model_validate({"name": text}), split)
    place = text if "://" in text else str(find_place(text, _WANTED))
    if place.lower().endswith(".npz") and not os.path.isdir(place):
        return read_statistics(place)
    snapshot = load_generator_at(place)
    if snapshot is not None:
        return snapshot
    if "://" in place:
        raise InputError(
            f"{text}: of an object store, evaluate takes a run, a trial or a snapshot, but got none of them there; "
            "copy images and statistics to this machine"
        )
    if os.path.isdir(place):
        refuse_runs(place, takes_generators=True)
    config = DatasetConfig.model_validate({"name": "image_folder", "path": place})
    require_images(find_images(config), text)
    return ImageSource(text, config, split if is_reference else "all")


def was_trained_on(snapshot: TrainedGenerator, source: ImageSource) -> bool:
    """Return True if the generator was trained on the images of `source`."""
    learned, asked = snapshot.training.dataset, source.config
    return learned.name == asked.name and (asked.path is None or images_path(learned) == images_path(asked))


def load_sized(source: ImageSource, image_size: int, channels: int | None = None) -> Dataset:
    """Load the source's images at one size, as a training does."""
    changes = {"image_size": image_size, **({"channels": channels} if channels else {})}
    with at_work(f"the images of {source.name}"):
        return load_dataset(source.config.model_copy(update=changes))


def sized_images(dataset: Dataset, split: str, num: int | None, batch_size: int, seed: int) -> Images:
    """Images of a part of a data set, or `num` random ones of them."""
    indices = _random_part(dataset.split_indices(split), num, seed)
    parts = (indices[start : start + batch_size] for start in range(0, len(indices), batch_size))
    return Images(len(indices), (torch.from_numpy(dataset.images[part]) for part in parts))


def generated_images(snapshot: TrainedGenerator, num: int | None, seed: int) -> Images:
    """Draw `num` images (default 10,000) from latents that depend on the seed alone."""
    num, training = num or SNAPSHOT_SAMPLES, snapshot.training
    z = draw_inputs(training, num, torch.Generator().manual_seed(seed))
    return Images(num, (images for images, _ in generate_uint8(snapshot.generator, z.split(BATCH_SIZE))))


def own_size_images(
    source: ImageSource, num: int | None, batch_size: int, num_workers: int, seed: int, notes: list[str]
) -> Images:
    """Read images as they are, neither cropped nor resized; each batch holds images of one shape.

    After the last batch, warnings about the files are added to `notes`. Raises InputError if there are no images, too
    many are corrupt, or `split` asks for a part of a folder, which needs images of one size.
    """
    contents = find_files(source.config).read()
    notes += contents.notes.warnings(source.name)
    positions = np.arange(len(contents.pixels))
    if source.split != "all":
        if contents.is_train is None:
            raise InputError(
                f"--split: a part of a folder or archive is chosen after all its images are resized to one size, but "
                f"got split={source.split} without one for {source.name}; add --image-size"
            )
        positions = np.flatnonzero(contents.is_train == (source.split == "train"))
    positions = _random_part(positions, num, seed)
    if isinstance(contents.pixels, StackPixels):
        return Images(len(positions), _stacked(contents.pixels, positions, batch_size))
    assert isinstance(contents.pixels, FilePixels), f"{type(contents.pixels)} holds neither arrays nor files"
    images = _decode_files(contents.pixels, positions, num_workers, source, notes)
    return Images(len(positions), _by_shape(images, batch_size))


def _stacked(pixels: StackPixels, positions: NDArray[np.int64], batch_size: int) -> Batches:
    for start in range(0, len(positions), batch_size):
        yield torch.from_numpy(np.ascontiguousarray(pixels.select(positions[start : start + batch_size])))


def _decode_files(
    pixels: FilePixels, positions: NDArray[np.int64], num_workers: int, source: ImageSource, notes: list[str]
) -> Iterator[NDArray[np.uint8]]:
    """Decode the files at `positions` to (C, H, W). Raises InputError if too many cannot be decoded."""
    counter, max_share = SurveyCounter(), source.config.max_corrupt_share
    for image in pixels.decoded(None, positions.tolist(), num_workers):
        counter.add(image)
        if isinstance(image, Decoded):
            yield image.pixels
        else:
            counter.check_so_far(len(positions), max_share, source.name)
    survey = counter.finish(source.name)
    survey.check(max_share, source.name)
    notes += survey.warnings(source.name)


def _by_shape(images: Iterator[NDArray[np.uint8]], batch_size: int) -> Batches:
    waiting: defaultdict[tuple[int, ...], list[NDArray[np.uint8]]] = defaultdict(list)
    for image in images:
        same = waiting[image.shape]
        same.append(image)
        if len(same) == batch_size:
            yield torch.from_numpy(np.stack(same))
            same.clear()
    for rest in waiting.values():
        if rest:
            yield torch.from_numpy(np.stack(rest))


def _random_part(positions: NDArray[np.int64], num: int | None, seed: int) -> NDArray[np.int64]:
    if num is None or num >= len(positions):
        return positions
    return np.sort(np.random.default_rng([_PART_STREAM, seed]).choice(positions, num, replace=False))
