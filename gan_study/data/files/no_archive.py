"""Explanations for files that should be an archive of images but are not."""

from pathlib import Path

from gan_study.data.decoding.decode import IMAGE_ENDINGS
from gan_study.errors import InputError

_HEAD_BYTES = 1024
_PACKED = "a {} archive, which Python cannot read; unpack it and name the folder"
_BY_START = {
    b"7z\xbc\xaf\x27\x1c": _PACKED.format("7-Zip"),
    b"Rar!\x1a\x07": _PACKED.format("RAR"),
    b"\x28\xb5\x2f\xfd": _PACKED.format("Zstandard"),
    b"PK\x03\x04": "a zip archive that is cut short or damaged; fetch it again, or pack the images again",
    b"version https://git-lfs": "a pointer of Git LFS in its place; fetch the file itself with `git lfs pull`",
    b"\x93NUMPY": "an array of numpy; save its images as files, or give statistics as .npz",
    b"%PDF": "a PDF document; save its pictures as image files in a folder",
    b"\x89HDF": "an HDF5 file; save its images as files in a folder",
}
_WEB_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<error", b"{")
"""Beginnings of web pages and answers of servers, in lower case."""


def explain_no_archive(path: Path) -> InputError:
    """The error for a file that is neither a zip nor a tar archive. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    rule = f"{path}: the file must be a zip or tar archive (.zip, .tar, .tar.gz), but is"
    for start, found in _BY_START.items():
        if head.startswith(start):
            return InputError(f"{rule} {found}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_WEB_STARTS) or b"<html" in text:
        return InputError(
            f"{rule} a web page or a server's answer, as a download that failed leaves it; fetch it again"
        )
    if head and path.suffix.lower() in IMAGE_ENDINGS:
        return InputError(f"{rule} a single image; name the folder that holds it and the others")
    what = "neither, or is damaged; fetch it again, pack the images again" if head else "empty; fetch it again"
    return InputError(f"{rule} {what}, or name their folder")
