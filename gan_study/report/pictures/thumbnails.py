"""Shrink the pictures of a run folder for a page that holds hundreds of them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from gan_study.errors import StorageError

MOST_SIDE = 288
"""Most pixels of the longer side. A grid of 8 x 8 images of 32 pixels fits without shrinking."""
_QUALITY = 80
_SECONDS_PER_LOOP = 8.0
_MOST_FRAME_MS, _LAST_FRAME_MS = 500, 1500


@dataclass(frozen=True)
class Thumbnail:
    """A picture in WebP."""

    webp: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, so that a browser can reserve the space."""
        return Image.open(io.BytesIO(self.webp)).size

    @property
    def data_uri(self) -> str:
        """The picture as a data URI for an `img` element."""
        return "data:image/webp;base64," + base64.b64encode(self.webp).decode("ascii")

    @property
    def num_characters(self) -> int:
        """Length of the data URI."""
        return 23 + 4 * ((len(self.webp) + 2) // 3)


def make_thumbnail(png: bytes, place: str, most_side: int = MOST_SIDE, quality: int = _QUALITY) -> Thumbnail:
    """Convert a picture to lossy WebP of this quality (1 to 100), with a longer side of at most `most_side` pixels.

    place: path of the picture, for the error. Raises StorageError if it is damaged.
    """
    try:
        image = Image.open(io.BytesIO(png)).convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:  # Pillow raises each of them for damaged files
        raise StorageError(
            f"{place}: a picture must be whole, but this file is cut short or damaged; copy it again from where the "
            "run was made, or remove it: the report then does without"
        ) from error
    image.thumbnail((most_side, most_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=2)
    return Thumbnail(buffer.getvalue())


def make_animation(frames: Sequence[Thumbnail]) -> bytes:
    """Join one or more frames into an animated WebP in an endless loop, which rests on the last frame."""
    first, *others = (Image.open(io.BytesIO(frame.webp)) for frame in frames)
    each = min(_MOST_FRAME_MS, round(1000 * _SECONDS_PER_LOOP / len(frames)))
    durations = [each] * len(others) + [_LAST_FRAME_MS]
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        quality=_QUALITY,
        method=2,
    )
    return buffer.getvalue()


def spread_evenly(num: int, most: int) -> list[int]:
    """Evenly spread numbers from 0 to num - 1, including both ends; at most `most`, which is 2 or more."""
    if num <= most:
        return list(range(num))
    return [round(i * (num - 1) / (most - 1)) for i in range(most)]
