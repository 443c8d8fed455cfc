"""What a PNG or JPEG file holds beside its pixels: taken out before a decoder reads the file.

Damaged or very long texts, colour profiles and EXIF data make Pillow refuse whole files, although every viewer shows
them. Only what decides about pixels is left in; the EXIF data is handed on, as it says which side is up.
"""

import re
from typing import NamedTuple

_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_START = b"\xff\xd8"
_EXIF_START = b"Exif\0\0"
_SEGMENTS_OF_PIXELS = frozenset((0xE0, 0xEE))
"""APP0 (JFIF) and APP14 (Adobe), by which a decoder knows the colours. The other APPs and comments are left out."""
_COMMENT = 0xFE
_MARKER = re.compile(rb"\xff+([^\xff\0])")
_START_OF_SCAN = 0xDA
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""


class Parts(NamedTuple):
    """A file without its side information."""

    pixels: bytes
    """The file as a decoder needs it."""
    exif: bytes | None
    """The EXIF data with its own beginning (`Exif`, 0, 0); None if there is none, or the file is of another kind."""
    num_frames: int | None
    """Of an animated PNG; None for other files."""


def take_out_side_information(content: bytes) -> Parts:
    """The parts of a PNG or JPEG file. A file of another kind, or a damaged part, is left as it is."""
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
    """Marker, first byte and end of the JPEG segment at `start`; None if there is none, or it is cut short."""
    found = _MARKER.match(content, start)
    if found is None:
        return None
    marker, begin = found[1][0], found.end() - 2
    if marker in _STANDALONE:
        return marker, begin, begin + 2
    end = begin + 2 + int.from_bytes(content[begin + 2 : begin + 4])
    return (marker, begin, end) if begin + 4 <= end <= len(content) else None
