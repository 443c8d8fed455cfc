"""Data sets by name: all images as uint8, their labels if they have any, and the split into train and held-out part."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.data.cache import DecodedDataset, open_or_build
from gan_study.data.content_hash import content_hash
from gan_study.data.sources.catalogue import find_files
from gan_study.data.splits import choose_held_out, choose_part
from gan_study.errors import InputError

SPLITS = ("all", "train", "held_out")
"""Parts of a data set."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set. GANs and extractors learn from the train part; held-out images serve diagnosis.

    Images that `max_images` removes from the train part are in neither part.
    """

    name: str
    images: NDArray[np.uint8]
    """(N, C, H, W) in [0, 255]; mapped from a file, so that processes share them and unused ones take no memory."""
    labels: NDArray[np.int64] | None
    """(N,) class numbers, which index `class_names`; None without classes."""
    class_names: tuple[str, ...] | None
    train_indices: NDArray[np.int64]
    """(N_train,) ascending."""
    held_out_indices: NDArray[np.int64]
    """(N_held_out,) ascending."""
    warnings: tuple[str, ...] = ()
    """Warnings about the files, such as files that are not used or corrupt, for the caller to show."""
    _known_hash: str | None = field(init=False, default=None, repr=False)
    """The content hash from the cache, which spares reading all images. `dataclasses.replace` does not copy it, since
    images may change."""

    @property
    def num_channels(self) -> int:
        """1 for grey, 3 for colour."""
        return int(self.images.shape[1])

    @property
    def image_size(self) -> int:
        """Height, which is also the width, in pixels."""
        return int(self.images.shape[2])

    @cached_property
    def class_shares(self) -> tuple[float, ...] | None:
        """The share of each class among the training images, by class number; None without classes."""
        if self.labels is None or self.class_names is None:
            return None
        counts = np.bincount(self.labels[self.train_indices], minlength=len(self.class_names))
        return tuple((counts / counts.sum()).tolist())

    @cached_property
    def content_hash(self) -> str:
        """8 hex digits of a hash of images, labels and split."""
        return self._known_hash or content_hash([self.images, self.labels, self.train_indices])

    @property
    def identity(self) -> str:
        """Name, size and content in one word, for cache files and score keys."""
        return f"{self.name}-{self.image_size}px-{self.content_hash}"

    def split_indices(self, split: str) -> NDArray[np.int64]:
        """The numbers of the images in `split` (all, train or held_out), ascending; `all` is train and held_out
        together."""
        if split == "all":
            return np.union1d(self.train_indices, self.held_out_indices)
        return {"train": self.train_indices, "held_out": self.held_out_indices}[split]


@lru_cache(maxsize=2)
def load_dataset(config: DatasetConfig) -> Dataset:
    """The data set of a configuration, loaded once per process and decoded once per machine.

    Raises InputError if its files are missing and cannot be downloaded, if too many images are left out, or if their
    levels would be lost; StorageError if decoded images cannot be kept.
    """
    source = find_files(config)
    found = open_or_build(config, source)
    found.images.meta.survey.check(config.max_corrupt_share, source.place)
    return _split(config, found, source.place)


def _split(config: DatasetConfig, found: DecodedDataset, place: str) -> Dataset:
    cached = found.images
    if cached.is_train is not None:
        full_train, held_out = np.flatnonzero(cached.is_train), np.flatnonzero(~cached.is_train)
    else:
        labels = cached.labels if cached.labels is not None else np.zeros(len(cached.images), np.int64)
        try:
            full_train, held_out = choose_held_out(labels, config.held_out_share, config.seed)
        except ValueError as error:
            raise InputError(
                f"{place}: of some class there must be two images, one to learn and one to hold out, but got "
                f"{len(labels)} in all; add images"
            ) from error
    train = choose_part(full_train, config.max_images, config.seed)
    dataset = Dataset(
        name=config.short_name,
        images=cached.images,
        labels=cached.labels,
        class_names=cached.meta.class_names,
        train_indices=train,
        held_out_indices=held_out,
        warnings=(*found.notes.warnings(place), *cached.meta.survey.warnings(place)),
    )
    known = cached.meta.content_hash
    if cached.is_train is None or len(train) < len(full_train):
        known = content_hash([np.frombuffer(known.encode(), np.uint8), train])
    object.__setattr__(dataset, "_known_hash", known)
    return dataset
