"""What decoding all images of a data set shows about them: kinds, sizes, duplicates, and corrupt files by name."""

from collections import Counter
from statistics import median

from gan_study.config.base import Frozen
from gan_study.data.pixels import Corrupt, Decoded
from gan_study.errors import InputError

_MAX_NAMED = 10


class Spread(Frozen):
    """How a number is distributed over the images."""

    min: int
    """The smallest."""
    median: float
    """The one in the middle."""
    max: int
    """The largest."""


class Survey(Frozen):
    """All images of a data set, train and held-out part together, as they were before crop and resize."""

    num_images: int
    """Readable ones."""
    num_duplicates: int
    """Images whose pixels equal those of an earlier one."""
    modes: dict[str, int]
    """Images by the way they are stored, in Pillow's terms: L is 8-bit grey, P has a palette, A is transparency."""
    width: Spread
    """In pixels."""
    height: Spread
    """In pixels."""
    corrupt: dict[str, str]
    """Files that cannot be decoded, by name, with the reason."""

    @property
    def corrupt_share(self) -> float:
        """Of all files."""
        return len(self.corrupt) / (self.num_images + len(self.corrupt))

    def warnings(self, place: str) -> tuple[str, ...]:
        """What a user should know, one sentence each; `place` says which data set it is."""
        if not self.corrupt:
            return ()
        return (f"{place}: {_number_of(self.corrupt)} cannot be decoded and {_are_left_out(self.corrupt)}",)

    def check_corrupt(self, max_share: float, place: str) -> None:
        """Raises InputError naming the corrupt files if they are more than this share."""
        if self.corrupt_share > max_share:
            raise InputError(
                f"{place}: at most a share of {max_share:g} of the images may be corrupt, but got "
                f"{len(self.corrupt)} of {self.num_images + len(self.corrupt)}: {_named(self.corrupt)}; "
                "repair or remove them, or raise dataset.max_corrupt_share"
            )


class SurveyCounter:
    """Makes a survey of images that come one by one; of each it keeps a few bytes.

    `has_colour` says whether any so far had three channels.
    """

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._modes: Counter[str] = Counter()
        self._widths: list[int] = []
        self._heights: list[int] = []
        self.has_colour = False
        self._corrupt: dict[str, str] = {}

    def add(self, image: Decoded | Corrupt) -> None:
        """Count one more."""
        if isinstance(image, Corrupt):
            self._corrupt[image.name] = image.reason
            return
        self._digests.add(image.digest)
        self._modes[image.mode] += 1
        self._widths.append(image.original_size[0])
        self._heights.append(image.original_size[1])
        self.has_colour |= len(image.pixels) == 3

    def finish(self, place: str) -> Survey:
        """The survey. Raises InputError if no image could be decoded."""
        num_images = len(self._widths)
        if not num_images:
            named = f" ({_named(self._corrupt)})" if self._corrupt else ""
            raise InputError(
                f"{place}: there must be images that can be decoded, but got none among "
                f"{len(self._corrupt)} files{named}; check that these are images"
            )
        return Survey(
            num_images=num_images,
            num_duplicates=num_images - len(self._digests),
            modes=dict(self._modes.most_common()),
            width=_spread(self._widths),
            height=_spread(self._heights),
            corrupt=self._corrupt,
        )


def _spread(values: list[int]) -> Spread:
    return Spread(min=min(values), median=median(values), max=max(values))


def _named(corrupt: dict[str, str]) -> str:
    shown = [f"{name} ({reason})" for name, reason in list(corrupt.items())[:_MAX_NAMED]]
    more = len(corrupt) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _number_of(corrupt: dict[str, str]) -> str:
    return "1 image" if len(corrupt) == 1 else f"{len(corrupt)} images"


def _are_left_out(corrupt: dict[str, str]) -> str:
    return f"{'is' if len(corrupt) == 1 else 'are'} left out: {_named(corrupt)}"
