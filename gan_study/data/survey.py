"""Properties of all decoded images of a data set: kinds, sizes, duplicates, and files that are left out."""

from collections import Counter
from statistics import median

from pydantic import Field

from gan_study.config.base import Frozen
from gan_study.data.decoding.decode import DEEP_LEVELS
from gan_study.data.decoding.pixels import Corrupt, Outcome, Refused
from gan_study.errors import InputError, printable

_MAX_NAMED = 10
_LEVEL_OF_8_BITS = 256
_USUAL_SHARE_OF_LEVELS = 0.25
"""16-bit images that use less than this share of their levels are learned too dark to be intended."""


class Spread(Frozen):
    """Distribution of a number over the images."""

    min: int
    """Smallest value."""
    median: float
    """Median."""
    max: int
    """Largest value."""


class Survey(Frozen):
    """Properties of all images of a data set, train and held-out part together, before crop and resize."""

    num_images: int
    """Readable images."""
    num_duplicates: int
    """Images whose pixels equal those of an earlier one."""
    modes: dict[str, int]
    """Numbers of images by storage mode, in Pillow's terms: L is 8-bit grey, P has a palette, A is transparency."""
    width: Spread
    """Widths in pixels."""
    height: Spread
    """Heights in pixels."""
    corrupt: dict[str, str]
    """Reasons for files that cannot be decoded, by name."""
    refused: dict[str, str] = Field(default_factory=dict)
    """Reasons and remedies for files that are whole but not accepted, by name."""
    num_transparent: int = 0
    """Images with transparent pixels, which show white."""
    num_hidden: int = 0
    """Transparent images that show nothing but white."""
    num_further_pages: int = 0
    """Pictures in the readable files after the first; they are not used."""
    deep_levels: tuple[int, int] | None = None
    """Lowest and highest level in all images of 16-bit grey, in [0, 65535]; None without such images."""

    @property
    def num_left_out(self) -> int:
        """Number of corrupt and refused files."""
        return len(self.corrupt) + len(self.refused)

    @property
    def share_left_out(self) -> float:
        """Share of all files that are corrupt or refused."""
        return self.num_left_out / (self.num_images + self.num_left_out)

    @property
    def num_deep(self) -> int:
        """Number of images of 16-bit grey."""
        return sum(number for mode, number in self.modes.items() if mode.startswith("I"))

    @property
    def is_dark(self) -> bool:
        """True if the images of 16-bit grey use so few of the levels that they are learned too dark."""
        return self.deep_levels is not None and 0 < self.deep_levels[1] < _USUAL_SHARE_OF_LEVELS * DEEP_LEVELS

    def loses_levels(self, max_share: float) -> bool:
        """Return True if images of 16-bit grey, more than this share of all, lose their content, as with 8-bit
        levels."""
        if self.deep_levels is None or self.num_deep <= max_share * self.num_images:
            return False
        lowest, highest = self.deep_levels
        return lowest < highest < lowest + _LEVEL_OF_8_BITS

    @property
    def further_pages(self) -> str | None:
        """The number of pages and frames that are not used, in words; empty without any."""
        pages = "page" if self.num_further_pages == 1 else "pages"
        used = "(only the first of each file is used)"
        return f"{self.num_further_pages:,} further {pages} {used}" if self.num_further_pages else None

    def warnings(self, place: str) -> tuple[str, ...]:
        """Warnings about the data set `place`, one sentence each."""
        found = []
        if self.corrupt:
            found.append(f"{_number_of(self.corrupt)} cannot be decoded and {_are_left_out(self.corrupt)}")
        if self.refused:
            found.append(f"{_number_of(self.refused)} {_are_left_out(self.refused)}")
        if self.further_pages:
            found.append(f"not used: {self.further_pages}")
        if self.num_hidden:
            found.append(
                f"{self.num_hidden:,} of {self.num_images:,} images are plain white, as their transparent parts are "
                "taken as white; fill these with another colour if they show something"
            )
        if self.is_dark:
            found.append(
                f"the images of 16-bit grey ({self.num_deep:,}) use the levels up to {self._highest_level:,} of "
                f"{DEEP_LEVELS:,} and are learned as dark as that; stretch the levels if that is not meant"
            )
        return tuple(f"{place}: {text}" for text in found)

    def check(self, max_share: float, place: str) -> None:
        """Raise InputError if more than this share of the files is left out, or levels are lost."""
        if self.share_left_out > max_share:
            numbers = f"{self.num_left_out} of {self.num_images + self.num_left_out}"
            text = _too_many_left_out(self.corrupt, self.refused, numbers, max_share)
            raise InputError(f"{place}: {text}, or raise dataset.max_corrupt_share")
        if self.loses_levels(max_share):
            raise InputError(
                f"{place}: images of 16-bit grey must use more than {_LEVEL_OF_8_BITS} of their {DEEP_LEVELS + 1:,} "
                f"levels, or they become plain grey, but got levels from {self._lowest_level:,} to "
                f"{self._highest_level:,} in all {self.num_deep:,}; save them with 8 bits, or stretch the levels"
            )

    @property
    def _lowest_level(self) -> int:
        return self.deep_levels[0] if self.deep_levels else 0

    @property
    def _highest_level(self) -> int:
        return self.deep_levels[1] if self.deep_levels else 0


class SurveyCounter:
    """Makes a survey of images that come one by one; it keeps a few bytes of each.

    `has_colour` is True once an image had three channels.
    """

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._modes: Counter[str] = Counter()
        self._widths: list[int] = []
        self._heights: list[int] = []
        self._deep_levels: list[tuple[int, int]] = []
        self._num_transparent = self._num_hidden = self._num_further_pages = 0
        self.has_colour = False
        self._corrupt: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    def add(self, image: Outcome) -> None:
        """Count one more image."""
        if isinstance(image, Corrupt):
            self._corrupt[printable(image.name)] = printable(image.reason)
            return
        if isinstance(image, Refused):
            self._refused[printable(image.name)] = printable(image.reason)
            return
        self._digests.add(image.digest)
        self._modes[image.mode] += 1
        self._widths.append(image.original_size[0])
        self._heights.append(image.original_size[1])
        self._num_transparent += image.is_transparent
        self._num_hidden += image.is_hidden
        self._num_further_pages += image.num_pages - 1
        if image.deep_levels is not None:
            self._deep_levels.append(image.deep_levels)
        self.has_colour |= len(image.pixels) == 3

    def check_so_far(self, num: int, max_share: float, place: str) -> None:
        """Raise InputError as soon as more than this share of `num` files are left out."""
        num_left_out = len(self._corrupt) + len(self._refused)
        if num_left_out > max_share * num:
            numbers = f"at least {num_left_out} of {num}"
            raise InputError(f"{place}: {_too_many_left_out(self._corrupt, self._refused, numbers, max_share)}")

    def finish(self, place: str) -> Survey:
        """The survey. Raises InputError if no image could be decoded."""
        num_images = len(self._widths)
        if not num_images:
            left_out = self._corrupt | self._refused
            named = f" ({_named(left_out)})" if left_out else ""
            raise InputError(
                f"{place}: there must be images that can be decoded, but got none among "
                f"{len(left_out)} files{named}; check that these are images"
            )
        lowest, highest = zip(*self._deep_levels, strict=True) if self._deep_levels else ((), ())
        return Survey(
            num_images=num_images,
            num_duplicates=num_images - len(self._digests),
            modes=dict(self._modes.most_common()),
            width=_spread(self._widths),
            height=_spread(self._heights),
            corrupt=self._corrupt,
            refused=self._refused,
            num_transparent=self._num_transparent,
            num_hidden=self._num_hidden,
            num_further_pages=self._num_further_pages,
            deep_levels=(min(lowest), max(highest)) if self._deep_levels else None,
        )


def _too_many_left_out(corrupt: dict[str, str], refused: dict[str, str], numbers: str, max_share: float) -> str:
    """The message for more than a share `max_share` of left-out files; `numbers` counts them in words."""
    what = "left out" if refused else "corrupt"
    remedy = "repair or remove them" if corrupt else "follow the advice for each, or remove them"
    return (
        f"at most a share of {max_share:g} of the images may be {what}, but got {numbers}: "
        f"{_named(corrupt | refused)}; {remedy}"
    )


def _spread(values: list[int]) -> Spread:
    return Spread(min=min(values), median=median(values), max=max(values))


def _named(left_out: dict[str, str]) -> str:
    shown = [f"{name} ({reason})" for name, reason in list(left_out.items())[:_MAX_NAMED]]
    more = len(left_out) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _number_of(left_out: dict[str, str]) -> str:
    return "1 image" if len(left_out) == 1 else f"{len(left_out)} images"


def _are_left_out(left_out: dict[str, str]) -> str:
    return f"{'is' if len(left_out) == 1 else 'are'} left out: {_named(left_out)}"
