"""The interface of a data set's reader: cheap identification first, images on demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan_study.config.base import Frozen
from gan_study.config.names import HELD_OUT_IMAGES, TRAIN_IMAGES, DatasetName
from gan_study.data.decoding.pixels import Pixels
from gan_study.data.files.fingerprint import Files
from gan_study.data.files.layout import LayoutNotes
from gan_study.data.files.selection import PassedOver


class FileNotes(Frozen):
    """Notes on a data set's files beside the images."""

    passed_over: PassedOver = PassedOver()
    """Files that are not used."""
    layout: LayoutNotes = LayoutNotes()
    """Reasons for the classes."""
    others: tuple[str, ...] = ()
    """Other notes, a sentence each, such as the number of missing files."""

    def warnings(self, place: str) -> tuple[str, ...]:
        """One sentence for each note on the data set `place`."""
        others = (f"{place}: {text}" for text in self.others)
        return (*others, *self.passed_over.warnings(place), *self.layout.warnings(place))


def unlike_published(name: DatasetName, is_train: NDArray[np.bool_]) -> tuple[str, ...]:
    """A sentence if a named data set differs in its number of images from the published one; `is_train` (N,) has
    ours."""
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
    """(N,); None if the configuration chooses the held-out part."""
    notes: FileNotes = field(default_factory=FileNotes)


@dataclass(frozen=True, eq=False)
class Source:
    """A data set's files, and functions that read them."""

    place: str
    """The folder or file, for messages."""
    files: Callable[[], Sequence[Files]]
    """Returns the files that determine the contents. Raises InputError or OSError if they are not accessible."""
    read: Callable[[], Contents]
    """Returns the contents; slow. Raises InputError if the files are damaged."""
    settings: tuple[str | int, ...] = ()
    """Settings that also determine the contents, such as a seed."""
