"""The text of a file that the user names, or an error that lists such files nearby."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path

from gan_study.errors import InputError

_MAX_BYTES = 1 << 20
"""Longest file that is read. Parsing a mebibyte takes half a minute."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file that the user may name."""

    noun: str
    """The noun for one such file, such as `a study`."""
    key: str
    """A top-level key of all such files, by which others nearby are recognised."""
    suffixes: tuple[str, ...]
    """Endings of their names."""
    folder: str = ""
    """Their usual folder, relative to the current one."""


def read_text(path: Path, kind: FileKind) -> str:
    """The text of a UTF-8 file. Raises InputError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file{_files_nearby(path, kind)}") from None
    except (IsADirectoryError, NotADirectoryError):
        is_folder = "this is a folder" if path.is_dir() else "a part of this path is a file"
        raise InputError(f"{path}: {kind.noun} must be one file, but {is_folder}{_files_nearby(path, kind)}") from None
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be read ({error.strerror}); check its path and permissions"
        ) from error
    if len(content) > _MAX_BYTES:
        raise InputError(f"{path}: a file with {kind.noun} may have {_MAX_BYTES:,} bytes, but got more; check the path")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n"), len(before) - (before.rfind(b"\n") + 1)
        raise InputError(
            f"{path}:{line + 1}:{column + 1}: the text must be UTF-8, but got the byte "
            f"0x{content[error.start]:02x} here; save it as UTF-8"
        ) from None


def _files_nearby(path: Path, kind: FileKind) -> str:
    """Files of this kind beside `path` and in their usual folder, for a message; the most similar name comes first."""
    folder = path if path.is_dir() else path.parent
    folders = dict.fromkeys([folder, *([Path(kind.folder)] if kind.folder else [])])
    found = [file for place in folders if place.is_dir() for file in place.iterdir() if _is_of_kind(file, kind)]
    found.sort(key=lambda file: (-SequenceMatcher(None, path.name, file.name).ratio(), str(file)))
    missing = "" if folder.is_dir() else f", nor a folder {folder}"
    if found and get_close_matches(path.name, [found[0].name]):
        return f"{missing}; did you mean {found[0]}?"
    listed = ", ".join(map(str, found[:10])) or "none"
    return f"{missing}; files nearby that hold {kind.noun}: {listed}"


def _is_of_kind(file: Path, kind: FileKind) -> bool:
    try:
        if file.suffix not in kind.suffixes or not file.is_file():
            return False
        with file.open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(_MAX_BYTES)
    except OSError:
        return False
    return re.search(rf"""^[\s{{]*["']?{kind.key}["']?\s*:""", text, re.MULTILINE) is not None
