"""Pictures of a run folder made small enough for a page that holds hundreds of them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

MOST_SIDE = 288
"""Pixels of the longer side, so that 8 x 8 images of 32 pixels with their frames are kept pixel by pixel."""
_QUALITY = 80
_SECONDS_PER_LOOP = 8.0
_MOST_FRAME_MS, _LAST_FRAME_MS = 500, 1500


@dataclass(frozen=True)
class Thumbnail:
    """A picture in WebP."""

    webp: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height in pixels, by which a browser leaves room for it before it is drawn."""
        return Image.open(io.BytesIO(self.webp)).size

    @property
    def data_uri(self) -> str:
        """What an `img` element shows."""
        return "data:image/webp;base64," + base64.b64encode(self.webp).decode("ascii")

    @property
    def num_characters(self) -> int:
        """Length of the data URI."""
        return 23 + 4 * ((len(self.webp) + 2) // 3)


def thumbnail(png: bytes, most_side: int = MOST_SIDE, quality: int = _QUALITY) -> Thumbnail:
    """The picture in lossy WebP of this quality (1 to 100), its longer side at most `most_side` pixels."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.thumbnail((most_side, most_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=2)
    return Thumbnail(buffer.getvalue())


def animate(frames: Sequence[Thumbnail]) -> bytes:
    """The frames one after the other as an animated WebP that starts anew, with a rest on the last; at least one."""
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


def evenly(num: int, most: int) -> list[int]:
    """At most `most` (at least 2) of the numbers from 0 to num - 1, evenly spread, with the first and the last."""
    if num <= most:
        return list(range(num))
    return [round(i * (num - 1) / (most - 1)) for i in range(most)]
