"""Explanations for whole pictures of kinds that are not read; their first bytes give the kind."""

import io
from contextlib import suppress

from PIL import TiffImagePlugin

_OTHERS = {
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\1\0": "an icon",
    b"8BPS": "a Photoshop document",
    b"P7\n": "a portable arbitrary map (PAM)",
}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_TIFF_STARTS = (b"II*\0", b"MM\0*")
_UNREAD_TIFF = ("unknown pixel mode", "unknown data organization")
"""Pillow's messages for TIFF files that are whole."""
_LFS_POINTER = b"version https://git-lfs"


def explain_unread(content: bytes) -> str | None:
    """The kind of a file that no decoder accepts, with a remedy; None if the kind is unknown or the file is damaged."""
    if content.startswith(_LFS_POINTER):
        return "a pointer of Git LFS in place of the picture; fetch the picture itself with `git lfs pull`"
    kind = next((kind for start, kind in _OTHERS.items() if content.startswith(start)), None)
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        kind = "HEIC"
    if content.startswith(_TIFF_STARTS) and _is_unread_tiff(content):
        kind = "a kind of TIFF"
    return f"{kind}, which is not read; save the picture as PNG or JPEG with 8 bits" if kind else None


def _is_unread_tiff(content: bytes) -> bool:
    """Return True if Pillow understands the description of the pixels but has no decoder for them."""
    with suppress(Exception):  # whatever a damaged file raises
        try:
            TiffImagePlugin.TiffImageFile(io.BytesIO(content))
        except SyntaxError as error:
            return str(error) in _UNREAD_TIFF
    return False
