"""The images of a source one by one, decoded, resized to one shape and fingerprinted, in bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_study.data.decoding.decode import RefusedImageError, decoding
from gan_study.data.decoding.transform import Transform, own_pixels
from gan_study.data.files.folders import FileContent, ImageFiles

_MAX_THREADS = 16
_STACK_CHUNK = 1024
_FILES_TOGETHER = 8
MAX_GROUP_BYTES, MAX_WAITING_BYTES = 1 << 24, 1 << 28
_WHITE = 255


@dataclass(frozen=True, slots=True)
class Decoded:
    """One image, ready for the cache."""

    position: int
    pixels: NDArray[np.uint8]
    """(C, image_size, image_size) in [0, 255]."""
    digest: bytes
    """Digest of the original's decoded pixels; equal for exact duplicates."""
    original_size: tuple[int, int]
    """Width and height in pixels."""
    mode: str
    """Mode of the original in Pillow's terms (L is grey)."""
    num_pages: int = 1
    """Pictures in its file; this is the first."""
    is_transparent: bool = False
    """True if some pixels of the original are transparent and so show white."""
    is_hidden: bool = False
    """True if the original is transparent and shows nothing but white."""
    deep_levels: tuple[int, int] | None = None
    """Lowest and highest level of 16-bit grey, in [0, 65535]; None for other images."""


@dataclass(frozen=True, slots=True)
class Corrupt:
    """An image that cannot be decoded."""

    position: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An image that is whole but not accepted."""

    position: int
    name: str
    reason: str
    """Reason and remedy."""


Outcome = Decoded | Corrupt | Refused
"""The result for one image."""


class Pixels(Protocol):
    """The images of a source in a fixed order."""

    @property
    def channels(self) -> int | None:
        """1 or 3; None if only decoding can tell."""

    def __len__(self) -> int: ...

    def decoded(self, transform: Transform, positions: Sequence[int] | None = None) -> Iterator[Outcome]:
        """The images at ascending `positions` (default: all), in this order."""


@dataclass(frozen=True, eq=False)
class StackPixels:
    """Images of one size in memory, or derived from such images."""

    num_images: int
    channels: int
    select: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    """Positions (n,) => images (n, C, H, W) uint8 in [0, 255]."""

    @classmethod
    def from_array(cls, images: NDArray[np.uint8]) -> "StackPixels":
        """The images of an array (N, C, H, W)."""
        return cls(len(images), images.shape[1], lambda positions: images[positions])

    def __len__(self) -> int:
        return self.num_images

    def decoded(self, transform: Transform, positions: Sequence[int] | None = None) -> Iterator[Outcome]:
        """See `Pixels`."""
        mode = "L" if self.channels == 1 else "RGB"
        chosen = range(self.num_images) if positions is None else positions
        for start in range(0, len(chosen), _STACK_CHUNK):
            part = np.asarray(chosen[start : start + _STACK_CHUNK], np.int64)
            originals = np.ascontiguousarray(self.select(part))
            size = (originals.shape[3], originals.shape[2])
            for position, original, pixels in zip(part, originals, transform.stack(originals), strict=True):
                yield Decoded(int(position), pixels, _digest(original.data, mode, size), size, mode)


@dataclass(frozen=True, eq=False)
class FilePixels:
    """Encoded images in a folder or an archive, decoded by several threads (Pillow releases the interpreter lock)."""

    files: ImageFiles
    names: tuple[str, ...]

    channels = None

    def __len__(self) -> int:
        return len(self.names)

    def decoded(
        self, transform: Transform | None, positions: Sequence[int] | None = None, num_threads: int | None = None
    ) -> Iterator[Outcome]:
        """See `Pixels`. Without a transform, pixels are (C, H, W) in the image's own size and colours.

        `num_threads` is one for each core by default, at most 16.
        """
        chosen = range(len(self.names)) if positions is None else positions
        contents = zip(chosen, self.files.contents([self.names[position] for position in chosen]), strict=True)
        num_threads = num_threads or min(os.cpu_count() or 1, _MAX_THREADS)
        waiting: deque[tuple[int, Future[list[Outcome]]]] = deque()
        with ThreadPoolExecutor(num_threads) as pool:
            # The number of images in flight and their bytes are bounded, so that neither encoded nor decoded ones pile
            # up. Threads get several at a time, since handing over a small image takes as long as decoding it.
            for group in _groups(contents):
                num_bytes = sum(content.num_bytes for _, content in group)
                waiting.append((num_bytes, pool.submit(self._decode_group, group, transform)))
                while len(waiting) > 2 * num_threads or sum(size for size, _ in waiting) > MAX_WAITING_BYTES:
                    yield from waiting.popleft()[1].result()
            while waiting:
                yield from waiting.popleft()[1].result()

    def _decode_group(self, group: Sequence[tuple[int, FileContent]], transform: Transform | None) -> list[Outcome]:
        return [self._decode(position, content, transform) for position, content in group]

    def _decode(self, position: int, content: FileContent, transform: Transform | None) -> Outcome:
        name = self.names[position]
        try:
            with decoding(content.load()) as decoded:
                image = decoded.image
                return Decoded(
                    position=position,
                    pixels=own_pixels(image) if transform is None else transform.picture(image),
                    digest=_digest(image.tobytes(), image.mode, image.size),
                    original_size=image.size,
                    mode=decoded.mode,
                    num_pages=decoded.num_pages,
                    is_transparent=decoded.is_transparent,
                    is_hidden=decoded.is_transparent and min(np.ravel(image.getextrema())) == _WHITE,
                    deep_levels=decoded.deep_levels,
                )
        except MemoryError:
            raise
        except RefusedImageError as error:
            return Refused(position, name, str(error))
        except Exception as error:  # decoders and archives raise all kinds for a damaged file
            # The disk's message names the path already.
            return Corrupt(position, name, getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _groups(contents: Iterable[tuple[int, FileContent]]) -> Iterator[list[tuple[int, FileContent]]]:
    """The files in groups for one thread each; a group is small if its files are large."""
    group: list[tuple[int, FileContent]] = []
    for item in contents:
        group.append(item)
        if len(group) == _FILES_TOGETHER or sum(content.num_bytes for _, content in group) > MAX_GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


def _digest(pixels: bytes | memoryview, mode: str, size: tuple[int, int]) -> bytes:
    digest = blake2b(f"{mode} {size}".encode(), digest_size=16)
    digest.update(pixels)
    return digest.digest()
