"""What the reader of a data set gives: first what tells it from others, cheaply, and the images when asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan_study.config.base import Frozen
from gan_study.config.names import HELD_OUT_IMAGES, TRAIN_IMAGES, DatasetName
from gan_study.data.decoding.pixels import Pixels
from gan_study.data.files.fingerprint import Files
from gan_study.data.files.layout import LayoutNotes
from gan_study.data.files.listing import PassedOver


class FileNotes(Frozen):
    """What a user should know of a data set's files beside the images."""

    passed_over: PassedOver = PassedOver()
    """What is not used."""
    layout: LayoutNotes = LayoutNotes()
    """What decided about the classes."""
    others: tuple[str, ...] = ()
    """What else is to be said of the files, a sentence each, such as how many are missing."""

    def warnings(self, place: str) -> tuple[str, ...]:
        """One sentence each; `place` says which data set it is."""
        others = (f"{place}: {text}" for text in self.others)
        return (*others, *self.passed_over.warnings(place), *self.layout.warnings(place))


def unlike_published(name: DatasetName, is_train: NDArray[np.bool_]) -> tuple[str, ...]:
    """A sentence if a data set by name has other numbers of images than the published one; `is_train` (N,) has ours."""
    ours = int(is_train.sum()), int((~is_train).sum())
    published = TRAIN_IMAGES[name], HELD_OUT_IMAGES[name]
    if ours == published:
        return ()
    return (
        f"{ours[0]:,} images to learn and {ours[1]:,} held out were found, where the published data set has "
        f"{published[0]:,} and {published[1]:,}; fetch the files again if this is not meant",
    )


@dataclass(frozen=True, eq=False)
class Contents:
    """The images of a data set, not yet decoded."""

    pixels: Pixels
    labels: NDArray[np.int64] | None
    """(N,) class numbers, which index `class_names`; None without classes."""
    class_names: tuple[str, ...] | None
    is_train: NDArray[np.bool_] | None
    """(N,); None if the held-out part is chosen by the configuration."""
    notes: FileNotes = field(default_factory=FileNotes)


@dataclass(frozen=True, eq=False)
class Source:
    """Where a data set comes from."""

    place: str
    """For messages: the folder or file."""
    files: Callable[[], Sequence[Files]]
    """Gives the files that decide about the contents. Raises InputError or OSError if they cannot be looked at."""
    read: Callable[[], Contents]
    """Gives the contents; slow. Raises InputError if the files are damaged."""
    settings: tuple[str | int, ...] = ()
    """What else decides about the contents, such as a seed."""
