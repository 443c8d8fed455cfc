"""The features of two collections of images, from one extractor and at one image size."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS, FID_EXTRACTOR
from gan_study.config.reading.suggestions import no_such
from gan_study.data.datasets import Dataset
from gan_study.data.inspection.inspection import inspect_dataset
from gan_study.errors import InputError
from gan_study.evaluation.batch_features import batches_to_features
from gan_study.evaluation.collections.images import (
    Argument,
    Images,
    ImageSource,
    generated_images,
    load_sized,
    own_size_images,
    sized_images,
)
from gan_study.evaluation.collections.statistics_file import FeatureKey, Statistics
from gan_study.evaluation.generators import TrainedGenerator
from gan_study.extractors.extractor import Extractor
from gan_study.extractors.loading import load_or_train_extractor, pretrained_kind
from gan_study.extractors.progress import at_work
from gan_study.metrics.all_scores import Side, features_to_side

_LEAST_SIZE, _LARGEST_SIZE = 8, 256


@dataclass(frozen=True)
class Loading:
    """Settings for reading images and extracting their features."""

    batch_size: int
    """Images that pass through the extractor at once."""
    num_workers: int
    """Threads that decode files."""
    device: torch.device
    """The extractor's device."""


@dataclass(frozen=True, eq=False)
class View:
    """An extractor, and the form in which it receives images."""

    extractor: Extractor
    image_size: int | None
    """Height and width in pixels to which all images are resized; None if each keeps its own size."""
    channels: int | None
    """Channels to which images are converted; None if the extractor takes grey and colour alike."""
    class_names: tuple[str, ...] | None = None
    """Names of the classes that the extractor predicts; None if it predicts none."""

    @property
    def learned_size(self) -> int | None:
        """Height and width in pixels of the images that the extractor was trained on; None if it is pretrained."""
        return None if EXTRACTORS[self.extractor.name].is_pretrained else self.image_size


@dataclass(frozen=True, eq=False)
class Observed:
    """The features of one side of a score, and their origin."""

    side: Side
    key: FeatureKey | None
    """The origin; None for a file of statistics that does not name it."""
    notes: tuple[str, ...] = ()
    """Warnings about the images' files."""


def make_view(
    first: Argument,
    reference: Argument,
    extractor: str,
    dims: int | None,
    image_size: int | None,
    device: torch.device | None = None,
    kimg: float | None = None,
) -> View:
    """Return the named extractor for both sides. One that must be trained learns the reference's images on `device`.

    `kimg` limits that training, in thousands of images; None is the extractor's own length.

    Raises InputError if the extractor is not available, has no layer with `dims` features, or the images' sizes do not
    match.
    """
    if extractor not in EXTRACTORS:
        raise InputError(f"--extractor: {no_such('extractor', extractor, EXTRACTORS)}")
    facts = EXTRACTORS[extractor]
    if facts.is_pretrained:
        size = _common_size(first, reference, image_size)
        objective = ObjectiveConfig.model_validate({"extractor": extractor, "dims": dims})
        found = pretrained_kind(extractor).load(objective, size, lambda name, value: f"--{name} {value}")
        return View(found, size, None)
    if dims is not None:
        raise InputError(
            f"--dims: this chooses among Inception's layers, but got dims={dims} with --extractor {extractor}; "
            "leave one of them out"
        )
    if isinstance(reference, Statistics):
        raise InputError(
            f"--extractor: {extractor} learns from the images of the reference, but got the statistics "
            f"{reference.place} without any; give the images, or use --extractor {FID_EXTRACTOR}"
        )
    size = _common_size(first, reference, image_size) or _found_size(first, reference, extractor)
    dataset = _learned_dataset(first, _source(reference), size)
    if facts.is_classifier and dataset.labels is None:
        raise InputError(
            f"--extractor: {extractor} needs a reference with class labels, but got dataset={dataset.name} without "
            f"any; use --extractor autoencoder, or put the reference's images into a folder for each class"
        )
    found = load_or_train_extractor(extractor, dataset, kimg=kimg, device=device)
    return View(found, size, dataset.num_channels, dataset.class_names if facts.is_classifier else None)


def extract_features(argument: Argument, view: View | None, num: int | None, loading: Loading, seed: int) -> Observed:
    """Return the features of one side. Statistics hold them already and need no `view`.

    `num` is the size of a random part of the images, or the number of images that a generator draws. Raises InputError
    if there are fewer than two images, or too many are corrupt.
    """
    if isinstance(argument, Statistics):
        return Observed(Side(argument.gaussian), argument.key)
    assert view is not None, "images are seen through an extractor"
    notes: list[str] = []
    what = "generated images" if isinstance(argument, TrainedGenerator) else argument.name
    if isinstance(argument, TrainedGenerator):
        images, name, identity, split = generated_images(argument, num, seed), "snapshot", None, "all"
    elif view.image_size is None:
        images = own_size_images(argument, num, loading.batch_size, loading.num_workers, seed, notes)
        name, identity, split = argument.config.name, None, argument.split
    else:
        dataset = load_sized(argument, view.image_size)
        images = sized_images(dataset, argument.split, num, loading.batch_size, seed)
        name, identity, split = argument.config.name, dataset.identity, argument.split
        notes += dataset.warnings
    side, digest = _extract(images, view, loading.device, place_of(argument), what)
    if num is not None and side.gaussian.num is not None and side.gaussian.num < num:
        notes.append(f"{place_of(argument)} has no more than {side.gaussian.num:,} images, fewer than {num:,}")
    key = FeatureKey(
        extractor=view.extractor.name,
        weights_hash=view.extractor.weights_hash,
        layer=view.extractor.layer,
        dims=view.extractor.dims,
        preprocessing=view.extractor.preprocessing,
        split=split,
        dataset=identity or f"{name}-{digest}",
        image_size=view.learned_size,
    )
    return Observed(side, key, tuple(notes))


def place_of(argument: Argument) -> str:
    """The place as messages name it: the user's own words, or a file."""
    return argument.name if isinstance(argument, ImageSource) else argument.place


def kind_of(argument: Argument, num: int | None) -> str:
    """A noun for the counted items, such as `held-out images`; `num` as for `extract_features`."""
    if isinstance(argument, Statistics):
        return "images, as statistics"
    if isinstance(argument, TrainedGenerator):
        return "images of a trained generator"
    part = {"all": "images", "train": "images of the train part", "held_out": "held-out images"}[argument.split]
    return part if num is None else f"{part}, at most {num:,} at random"


def _extract(images: Images, view: View, device: torch.device, whose: str, what: str) -> tuple[Side, str]:
    """Return the features of all images, and 8 hex digits of a hash of their pixels.

    whose: the place in an error message. what: the kind of images in a progress message, such as `generated images`.
    """
    extractor, hashed = view.extractor.to(device), hashlib.sha256()

    def hashed_batches(first: Tensor) -> Iterator[Tensor]:
        for batch in chain([first], images.batches):
            hashed.update(batch.contiguous().numpy().tobytes())
            yield batch.expand(-1, 3, -1, -1) if view.channels == 3 else batch

    with at_work(f"{what} through {extractor.name}", images.num):
        first = next(images.batches, None)
        if first is None:
            raise InputError(
                f"{whose}: there must be images that can be decoded, but got none; check that these are images"
            )
        features, probabilities = batches_to_features(extractor.network, hashed_batches(first))
    return features_to_side(features, probabilities, whose), hashed.hexdigest()[:8]


def _common_size(first: Argument, reference: Argument, image_size: int | None) -> int | None:
    """The image size that a generator or the user sets, in pixels; None if neither does."""
    sizes = {side.training.dataset.image_size for side in (first, reference) if isinstance(side, TrainedGenerator)}
    demanded = sizes | ({image_size} if image_size is not None else set())
    if len(demanded) > 1:
        raise InputError(
            "--image-size: both sides must be of one size, that of a generator's images, but got "
            f"{', '.join(map(str, sorted(demanded)))} pixels; leave --image-size out, or compare generators of one size"
        )
    return next(iter(demanded), None)


def _found_size(first: Argument, reference: Argument, extractor: str) -> int:
    """The size in pixels that all images share. Raises InputError if sizes differ or the extractor cannot take it."""
    sizes = set()
    for side in (first, reference):
        if isinstance(side, ImageSource):
            survey = inspect_dataset(side.config).survey
            sizes |= {survey.width.min, survey.width.max, survey.height.min, survey.height.max}
    if len(sizes) > 1 or not _LEAST_SIZE <= min(sizes) <= _LARGEST_SIZE:
        raise InputError(
            f"--image-size: {extractor} takes square images of one size from {_LEAST_SIZE} to {_LARGEST_SIZE} pixels, "
            f"but got sides from {min(sizes)} to {max(sizes)}; give the size to which all are cropped and resized, "
            "such as --image-size 32"
        )
    return sizes.pop()


def _source(reference: TrainedGenerator | ImageSource) -> ImageSource:
    """The reference's images; for a generator, its training images."""
    if isinstance(reference, ImageSource):
        return reference
    return ImageSource(reference.training.dataset.name, reference.training.dataset, "all")


def _learned_dataset(first: Argument, source: ImageSource, image_size: int) -> Dataset:
    """The images that the extractor learns from; grey ones become colour images if the other side has colour."""
    dataset = load_sized(source, image_size)
    channels = dataset.num_channels
    if isinstance(first, TrainedGenerator):
        channels = max(channels, first.num_channels)
    elif isinstance(first, ImageSource):
        channels = max(channels, load_sized(first, image_size).num_channels)
    return dataset if channels == dataset.num_channels else load_sized(source, image_size, channels)
