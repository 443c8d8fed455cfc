"""Detection of truncated JPEG files, whose missing part libjpeg fills with grey without an error from Pillow.

A whole picture may also end in plain grey. In a damaged file, however, the last bytes belong to the part above the
grey, so that this part changes if they are removed.
"""

import io
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_GREY = 128
_INVERTED_GREY = 127
"""Grey in the inks of CMYK, some of which are inverted."""
_BLOCK = 8
_FRAME = re.compile(rb"\xff([\xc0-\xcf])(?<![\xc4\xc8\xcc])")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_SEQUENTIAL = (0xC0, 0xC1)
_LEAST_BLOCKS = 16
_BLURRED_ROWS = 2
"""Rows at the edge of the grey, in which the colours of neighbouring blocks are mixed."""
_BLOCKS_PER_BYTE = 8
"""A block of plain grey takes at least two bits, so a byte codes at most four blocks; half of them is a safe
estimate."""


def grey_share(content: bytes, image: Image.Image) -> float:
    """The share of the rows of a damaged JPEG file, in (0, 1], that are grey because data are missing; 0 if it is
    whole.

    `content` is the file, `image` its picture as Pillow decoded it, not yet turned. Progressive files and those with
    one scan for each colour are not examined and count as whole.
    """
    if not _is_grey(np.array(image.getpixel((image.width - 1, image.height - 1))), image.mode).all():
        return 0.0  # at once, for almost all images
    pixels = np.asarray(image)
    num_rows = _num_grey_rows(pixels, image.mode)
    num_blocks = (num_rows + 1) // _BLOCK * (pixels.shape[1] // _BLOCK)
    if num_blocks < _LEAST_BLOCKS:
        return 0.0
    scan = _only_scan(content)
    if scan is None:
        return 0.0
    start, end = scan
    cut = max(start, end - max(2, num_blocks // _BLOCKS_PER_BYTE))
    with Image.open(io.BytesIO(content[:cut] + _END), formats=["JPEG"]) as shortened:
        num_above = max(0, len(pixels) - num_rows - _BLURRED_ROWS)
        is_whole = np.array_equal(np.asarray(shortened)[:num_above], pixels[:num_above])
    return 0.0 if is_whole else num_rows / len(pixels)


def _is_grey(levels: NDArray[np.integer], mode: str) -> NDArray[np.bool_]:
    """True for each level that equals the grey with which a decoder fills up."""
    return np.isin(levels, (_GREY, _INVERTED_GREY) if mode == "CMYK" else (_GREY,))


def _num_grey_rows(pixels: NDArray[np.uint8], mode: str) -> int:
    """Number of rows at the bottom that are grey throughout."""
    is_grey: NDArray[np.bool_] = np.all(_is_grey(pixels.reshape(len(pixels), -1), mode), axis=1)
    return len(pixels) if is_grey.all() else int(np.argmin(is_grey[::-1]))


def _only_scan(content: bytes) -> tuple[int, int] | None:
    """Begin and end of the data of all colours; None if they are in several scans."""
    frame, scan = _FRAME.search(content), content.find(_SCAN)
    if frame is None or frame[1][0] not in _SEQUENTIAL or not 0 <= frame.start() < scan < len(content) - 5:
        return None
    if content[frame.start() + 9] != content[scan + 4]:  # numbers of colours
        return None
    start = scan + 2 + int.from_bytes(content[scan + 2 : scan + 4])
    stop = _MARKER_IN_SCAN.search(content, start)
    return start, stop.start() if stop else len(content)
