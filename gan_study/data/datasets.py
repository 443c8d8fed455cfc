"""Data sets by name: every image as uint8, its label if it has one, and a train / held-out split."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from gan_study.config.data import DatasetConfig
from gan_study.data.cache import Found, open_or_build
from gan_study.data.hashing import content_hash
from gan_study.data.sources.catalogue import find_files
from gan_study.data.splits import choose_held_out, choose_part
from gan_study.errors import InputError

SPLITS = ("all", "train", "held_out")
"""Parts of a data set."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """GANs and extractors learn from the train part; held-out images are for diagnosis.

    With `max_images`, images that are left out of the train part are in neither.
    """

    name: str
    images: NDArray[np.uint8]
    """(N, C, H, W) in [0, 255]; mapped from a file, so that processes share them and only what is used is in memory."""
    labels: NDArray[np.int64] | None
    """(N,) class numbers, which index `class_names`; None without classes."""
    class_names: tuple[str, ...] | None
    train_indices: NDArray[np.int64]
    """Ascending."""
    held_out_indices: NDArray[np.int64]
    """Ascending."""
    warnings: tuple[str, ...] = ()
    """What a user should know of the files, such as what is passed over or corrupt; whoever loads it says so."""
    _known_hash: str | None = field(init=False, default=None, repr=False)
    """So that opening takes no reading of all; `dataclasses.replace` does not carry it on to changed images."""

    @property
    def num_channels(self) -> int:
        """1 for grey, 3 for colour."""
        return int(self.images.shape[1])

    @property
    def image_size(self) -> int:
        """Height, which is also the width, in pixels."""
        return int(self.images.shape[2])

    @cached_property
    def content_hash(self) -> str:
        """8 hex digits that tell images, labels and split from all others."""
        return self._known_hash or content_hash([self.images, self.labels, self.train_indices])

    @property
    def identity(self) -> str:
        """Name, size and content in one word, for cache files and score keys."""
        return f"{self.name}-{self.image_size}px-{self.content_hash}"

    def split_indices(self, split: str) -> NDArray[np.int64]:
        """The numbers of the images in `split` (all, train or held_out), ascending; all is the others together."""
        if split == "all":
            return np.union1d(self.train_indices, self.held_out_indices)
        return {"train": self.train_indices, "held_out": self.held_out_indices}[split]


@lru_cache(maxsize=2)
def load_dataset(config: DatasetConfig) -> Dataset:
    """A data set as configured, once per process; decoded when this machine has not done so before.

    Raises InputError if its files are not there and cannot be downloaded, too many are left out, or their
    levels would be lost; StorageError if
    decoded images cannot be kept.
    """
    source = find_files(config)
    found = open_or_build(config, source)
    found.images.meta.survey.check(config.max_corrupt_share, source.place)
    return _split(config, found, source.place)


def _split(config: DatasetConfig, found: Found, place: str) -> Dataset:
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
        name=config.name,
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
