"""Image files in a folder, listed and read one by one. For archives see `archives`."""

import errno
import os
import stat
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from gan_study.data.files.fingerprint import Files, facts_of
from gan_study.data.files.selection import Lister, PassedOver
from gan_study.errors import InputError
from gan_study.runs.unpacking import read_at_most

MAX_FILE_BYTES = 1 << 29
"""Largest image file that is read: the most pixels that are decoded, with eight bytes each."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """The content of an image file, which another thread may load."""

    load: Callable[[], bytes]
    """Returns the file's bytes, and raises any error of the file."""
    num_bytes: int = 0
    """Bytes that are in memory already."""


class ImageFiles(Protocol):
    """A folder or an archive, which is listed at most once. Names are relative to it, with `/`."""

    @property
    def files(self) -> Files:
        """The files on the disk that determine the images."""

    @property
    def passed_over(self) -> PassedOver:
        """Everything but the images."""

    def names(self) -> list[str]:
        """Names of the image files, in the best order for reading."""

    def contents(self, names: Sequence[str]) -> Iterator[FileContent]:
        """Contents of the files with these names, which are in the order of `names()`."""


@dataclass(frozen=True, eq=False)
class FolderFiles:
    """A folder and all folders below it; links are followed."""

    path: Path

    @property
    def files(self) -> Files:
        """See `ImageFiles`."""
        return self._listed[0]

    @property
    def passed_over(self) -> PassedOver:
        """See `ImageFiles`."""
        return self._listed[1]

    def names(self) -> list[str]:
        """See `ImageFiles`."""
        return list(self.files.names)

    def contents(self, names: Sequence[str]) -> Iterator[FileContent]:
        """See `ImageFiles`."""
        for name in names:
            yield FileContent(partial(_read_file, self.path / name))

    @cached_property
    def _listed(self) -> tuple[Files, PassedOver]:
        lister, names, facts = Lister(), list[str](), array("q")
        try:
            _walk(os.fspath(self.path), "", frozenset(), lister, names, facts)
        except OSError as error:
            raise unreadable_error(Path(error.filename or self.path), error) from error
        passed_over = lister.finish()
        files = Files(self.path, names, facts, passed_over.model_dump_json())
        return files.in_order_of_names(), passed_over


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return read_at_most(file, MAX_FILE_BYTES)


def unreadable_error(path: Path, error: OSError) -> InputError:
    """The error for a file or folder that the system does not allow to be read, with a remedy for its cause."""
    kind = "folder" if path.is_dir() else "file"
    if error.errno in (errno.EACCES, errno.EPERM):
        remedy = "permit it"
    elif error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InputError(
            f"{path}: this must stay here while it is read, but it has just gone; begin again when nothing moves or "
            "removes files there any more"
        )
    else:
        remedy = "check the disk, or the network share that it is on"
    return InputError(f"{path}: the {kind} must be readable, but got {error.strerror}; {remedy}")


def _walk(
    folder: str,
    prefix: str,
    above: frozenset[tuple[int, int]],
    lister: Lister,
    names: list[str],
    facts: "array[int]",
) -> None:
    """Add all image files below a folder; `above` holds the folders around it, to detect circular links.

    It runs over many thousand files at every start, so it keeps no objects but their names.
    """
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        lister.circular_links += 1
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            try:
                if entry.is_symlink():
                    entry.stat()  # raises if it leads nowhere
                if entry.is_dir():
                    if lister.takes_folder(name):
                        _walk(entry.path, f"{prefix}{name}/", above | {here}, lister, names, facts)
                elif lister.takes_file(name):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        names.append(prefix + name)
                        facts.frombytes(facts_of(status))
                    else:
                        lister.special += 1
            except OSError as error:
                # An error of a folder below names that folder. Only errors of the entry itself are counted.
                if not entry.is_symlink() or error.filename != entry.path:
                    raise
                if error.errno == errno.ELOOP:
                    lister.circular_links += 1
                elif error.errno in (errno.ENOENT, errno.ENOTDIR):
                    lister.dangling_links += 1
                else:
                    raise
