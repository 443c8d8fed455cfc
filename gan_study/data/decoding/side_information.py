"""Removal of everything but pixels from PNG and JPEG files before they are decoded.

Damaged or very long texts, colour profiles and EXIF data make Pillow refuse whole files, although every viewer shows
them. Only the parts that determine pixels stay; the EXIF data is returned, since it gives the orientation.
"""

import re
from typing import NamedTuple

_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8"
_EXIF_START = b"Exif\0\0"
_SEGMENTS_OF_PIXELS = frozenset((0xE0, 0xEE))
"""APP0 (JFIF) and APP14 (Adobe), from which a decoder derives the colours. Other APPs and comments are removed."""
_COMMENT = 0xFE
_MARKER = re.compile(rb"\xff+([^\xff\0])")
_START_OF_SCAN = 0xDA
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""


class Parts(NamedTuple):
    """A file without its side information."""

    pixels: bytes
    """The file with all that a decoder needs."""
    exif: bytes | None
    """The EXIF data with its header (`Exif`, 0, 0); None without any, and for files of other kinds."""
    num_frames: int | None
    """Frames of an animated PNG; None for other files."""


def take_out_side_information(content: bytes) -> Parts:
    """The parts of a PNG or JPEG file. Files of other kinds and damaged parts stay unchanged."""
    if content.startswith(_PNG_START):
        return _png_parts(content)
    if content.startswith(_JPEG_START):
        return _jpeg_parts(content)
    return Parts(content, None, None)


def _png_parts(content: bytes) -> Parts:
    kept, exif, num_frames = [_PNG_START], None, None
    start = len(_PNG_START)
    while start + 12 <= len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4])
        name, data = content[start + 4 : start + 8], content[start + 8 : end - 4]
        is_critical = not name[0] & 0x20
        if end > len(content) or name == b"IEND":
            break
        if is_critical or name == b"tRNS":
            kept.append(content[start:end])
        elif name == b"eXIf":
            exif = _EXIF_START + data
        elif name == b"acTL":
            num_frames = int.from_bytes(data[:4])
        start = end
    return Parts(b"".join([*kept, content[start:]]), exif, num_frames)


def _jpeg_parts(content: bytes) -> Parts:
    kept, exif = [], None
    start = len(_JPEG_START)
    kept.append(content[:start])
    while (segment := _next_segment(content, start)) is not None:
        marker, begin, end = segment
        if marker == _START_OF_SCAN:
            break
        data = content[begin + 4 : end]
        if marker == 0xE1 and exif is None and data.startswith(_EXIF_START):
            exif = data
        if marker in _SEGMENTS_OF_PIXELS or not (0xE0 <= marker <= 0xEF or marker == _COMMENT):
            kept.append(content[begin:end])
        start = end
    return Parts(b"".join([*kept, content[start:]]), exif, None)


def _next_segment(content: bytes, start: int) -> tuple[int, int, int] | None:
    """Marker, first byte and end of the JPEG segment at `start`; None if there is none or it is truncated."""
    found = _MARKER.match(content, start)
    if found is None:
        return None
    marker, begin = found[1][0], found.end() - 2
    if marker in _STANDALONE:
        return marker, begin, begin + 2
    end = begin + 2 + int.from_bytes(content[begin + 2 : begin + 4])
    return (marker, begin, end) if begin + 4 <= end <= len(content) else None
