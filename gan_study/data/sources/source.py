"""What the reader of a data set gives: first what tells it from others, cheaply, and the images when asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.data.pixels import Pixels
from gan_study.data.places import FileFacts


@dataclass(frozen=True, eq=False)
class Contents:
    """The images of a data set, not yet decoded."""

    pixels: Pixels
    labels: NDArray[np.int64] | None
    """(N,) class numbers, which index `class_names`; None without classes."""
    class_names: tuple[str, ...] | None
    is_train: NDArray[np.bool_] | None
    """(N,); None if the held-out part is chosen by the configuration."""


@dataclass(frozen=True, eq=False)
class Source:
    """Where a data set comes from."""

    place: str
    """For messages: the folder or file."""
    facts: Sequence[FileFacts | str | int]
    """All that decides about the contents: facts of the files, seeds."""
    read: Callable[[], Contents]
    """Gives the contents; slow. Raises InputError if the files are damaged."""
