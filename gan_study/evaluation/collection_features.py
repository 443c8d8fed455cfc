"""How `evaluate` looks at both collections: one extractor, one size of image, and the features of each."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_study.config.data import ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS, FID_EXTRACTOR
from gan_study.config.reading.source import no_such
from gan_study.data.datasets import Dataset
from gan_study.data.inspection.inspection import inspect_dataset
from gan_study.errors import InputError
from gan_study.evaluation.generators import Snapshot
from gan_study.evaluation.image_collections import (
    Argument,
    Images,
    ImageSource,
    generated_images,
    load_sized,
    own_size_images,
    sized_images,
)
from gan_study.evaluation.statistics_file import FeatureKey, Statistics
from gan_study.extractors.base import Extractor, apply_network
from gan_study.extractors.kinds import load_or_train_extractor, pretrained_kind
from gan_study.extractors.progress import at_work
from gan_study.metrics.all_scores import Side, features_to_side

_LEAST_SIZE, _LARGEST_SIZE = 8, 256


@dataclass(frozen=True)
class Loading:
    """How images are read."""

    batch_size: int
    """Images that the extractor is handed at a time."""
    num_workers: int
    """Threads that decode files."""
    device: torch.device
    """What the extractor runs on."""


@dataclass(frozen=True, eq=False)
class View:
    """The extractor, and how images are brought to it."""

    extractor: Extractor
    image_size: int | None
    """Height and width in pixels that all images are brought to; None if each comes at its own size."""
    channels: int | None
    """To which images are brought; None if the extractor takes grey and colour alike."""
    class_names: tuple[str, ...] | None = None
    """Of the classes that the extractor tells apart; None if it knows none."""

    @property
    def learned_size(self) -> int | None:
        """Height and width in pixels of the images that the extractor was trained on; None if it is pretrained."""
        return None if EXTRACTORS[self.extractor.name].is_pretrained else self.image_size


@dataclass(frozen=True, eq=False)
class Observed:
    """One side of a score, and what it is of."""

    side: Side
    key: FeatureKey | None
    """None for a file of statistics that does not say what made them."""
    notes: tuple[str, ...] = ()
    """What a user should know of the images' files."""


def make_view(
    first: Argument,
    reference: Argument,
    extractor: str,
    dims: int | None,
    image_size: int | None,
    device: torch.device | None = None,
    kimg: float | None = None,
) -> View:
    """The extractor by name for both sides. One that learns from images learns from the reference's, on `device`.

    `kimg` is the most thousands of images that its training takes, None for the extractor's own length.

    Raises InputError if it cannot be had, `dims` is not its own, or the sizes of the images do not go together.
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


def observe_argument(argument: Argument, view: View | None, num: int | None, loading: Loading, seed: int) -> Observed:
    """The features of one side; of statistics there is nothing to do, and no `view` is needed.

    `num` chooses a random part, or the number of images that are drawn from a generator. Raises InputError if there
    are fewer than two images, or too many are corrupt.
    """
    if isinstance(argument, Statistics):
        return Observed(Side(argument.gaussian), argument.key)
    assert view is not None, "images are seen through an extractor"
    notes: list[str] = []
    what = "generated images" if isinstance(argument, Snapshot) else argument.name
    if isinstance(argument, Snapshot):
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
    """What a user calls it."""
    return argument.name if isinstance(argument, ImageSource) else argument.place


def kind_of(argument: Argument, num: int | None) -> str:
    """What a number of it are, such as `images`; `num` as for `observe_argument`."""
    if isinstance(argument, Statistics):
        return "images, as statistics"
    if isinstance(argument, Snapshot):
        return "images of a trained generator"
    part = {"all": "images", "train": "images of the train part", "held_out": "held-out images"}[argument.split]
    return part if num is None else f"{part}, at most {num:,} at random"


def _extract(images: Images, view: View, device: torch.device, whose: str, what: str) -> tuple[Side, str]:
    """Features of all images, and 8 hex digits that tell the images from others.

    whose: for a message. what: such as `generated images`, for whoever waits.
    """
    extractor, hashed = view.extractor.to(device), hashlib.sha256()
    features: list[Tensor] = []
    probabilities: list[Tensor] = []
    with at_work(f"{what} through {extractor.name}", images.num):
        for batch in images.batches:
            hashed.update(batch.contiguous().numpy().tobytes())
            part, logits = apply_network(
                extractor.network, batch.expand(-1, 3, -1, -1) if view.channels == 3 else batch
            )
            features.append(part)
            if logits is not None:
                probabilities.append(logits.softmax(1))
    if not features:
        raise InputError(
            f"{whose}: there must be images that can be decoded, but got none; check that these are images"
        )
    together = torch.cat(features).cpu().numpy()
    shares = torch.cat(probabilities).cpu().numpy() if probabilities else None
    return features_to_side(together, shares, whose), hashed.hexdigest()[:8]


def _common_size(first: Argument, reference: Argument, image_size: int | None) -> int | None:
    """The size that generators or the user demand; None if neither does."""
    sizes = {side.training.dataset.image_size for side in (first, reference) if isinstance(side, Snapshot)}
    demanded = sizes | ({image_size} if image_size is not None else set())
    if len(demanded) > 1:
        raise InputError(
            "--image-size: both sides must be of one size, that of a generator's images, but got "
            f"{', '.join(map(str, sorted(demanded)))} pixels; leave --image-size out, or compare generators of one size"
        )
    return next(iter(demanded), None)


def _found_size(first: Argument, reference: Argument, extractor: str) -> int:
    """The one size of all images. Raises InputError if there are several, or the extractor cannot take it."""
    sizes = set()
    for side in (first, reference):
        if isinstance(side, ImageSource):
            survey = inspect_dataset(side.config).survey
            sizes |= {survey.width.min, survey.width.max, survey.height.min, survey.height.max}
    if len(sizes) > 1 or not _LEAST_SIZE <= min(sizes) <= _LARGEST_SIZE:
        raise InputError(
            f"--image-size: {extractor} takes square images of one size from {_LEAST_SIZE} to {_LARGEST_SIZE} pixels, "
            f"but got sides from {min(sizes)} to {max(sizes)}; say which size all are cropped and brought to, such as "
            "--image-size 32"
        )
    return sizes.pop()


def _source(reference: Snapshot | ImageSource) -> ImageSource:
    """The images to learn from: of a generator, those that it has learned from."""
    if isinstance(reference, ImageSource):
        return reference
    return ImageSource(reference.training.dataset.name, reference.training.dataset, "all")


def _learned_dataset(first: Argument, source: ImageSource, image_size: int) -> Dataset:
    """The images to learn from; grey ones as colour if the other side has colour, which must not go unseen."""
    dataset = load_sized(source, image_size)
    channels = dataset.num_channels
    if isinstance(first, Snapshot):
        channels = max(channels, first.num_channels)
    elif isinstance(first, ImageSource):
        channels = max(channels, load_sized(first, image_size).num_channels)
    return dataset if channels == dataset.num_channels else load_sized(source, image_size, channels)
