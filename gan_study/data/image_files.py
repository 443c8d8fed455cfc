"""The image files in a folder or an archive: listed, and read one by one without unpacking anything on the disk."""

import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from gan_study.data.decode import IMAGE_ENDINGS
from gan_study.data.places import FileFacts, file_facts
from gan_study.errors import InputError

LoadContent = Callable[[], bytes]
"""Gives a file's bytes. May be called in another thread; raises whatever is wrong with the file."""

_MAX_FILE_BYTES = 1 << 30
"""An archive's member beyond this is refused: a few bytes can unpack into more than the memory holds."""


class ImageFiles(Protocol):
    """A folder or an archive. Names are relative to it, with `/`."""

    @property
    def facts(self) -> list[FileFacts]:
        """What tells that the content is still the same, without reading it."""

    def names(self) -> list[str]:
        """Of the image files, in the order in which they are read best; hidden ones left out."""

    def contents(self, names: Sequence[str]) -> Iterator[LoadContent]:
        """Of the files with these names, which are in the order of `names()`."""


def open_image_files(path: Path) -> ImageFiles:
    """The image files at `path`. Raises InputError if it is neither a folder nor a zip or tar archive."""
    try:
        if path.is_dir():
            return FolderFiles(path)
        if zipfile.is_zipfile(path):
            return ZipFiles(path)
        if path.is_file() and tarfile.is_tarfile(path):
            return TarFiles(path)
        content = path.open("rb").read(1)
    except OSError as error:
        raise InputError(f"{path}: a folder or archive must be here ({error.strerror}); check the path") from error
    raise InputError(
        f"{path}: the file must be a zip or tar archive (.zip, .tar, .tar.gz), but is "
        f"{'neither, or is damaged' if content else 'empty'}; pack the images anew, or name their folder"
    )


@dataclass(frozen=True)
class FolderFiles:
    """A folder, with all folders below it; links are followed."""

    path: Path

    @property
    def facts(self) -> list[FileFacts]:
        """See `ImageFiles`."""
        try:
            return sorted(_walk(self.path, "", frozenset()))
        except OSError as error:
            raise InputError(
                f"{error.filename or self.path}: the folder must be readable, but is not ({error.strerror}); permit it"
            ) from error

    def names(self) -> list[str]:
        """See `ImageFiles`."""
        return [name for name, _, _ in self.facts]

    def contents(self, names: Sequence[str]) -> Iterator[LoadContent]:
        """See `ImageFiles`."""
        for name in names:
            yield (self.path / name).read_bytes


@dataclass(frozen=True)
class ZipFiles:
    """A zip archive."""

    path: Path

    @property
    def facts(self) -> list[FileFacts]:
        """See `ImageFiles`."""
        return [file_facts(self.path)]

    def names(self) -> list[str]:
        """See `ImageFiles`."""
        with self._open() as archive:
            return sorted({info.filename for info in archive.infolist() if is_image_name(info.filename)})

    def contents(self, names: Sequence[str]) -> Iterator[LoadContent]:
        """See `ImageFiles`."""
        # Closed with the last of the loads that hold it: they may be called after this generator has ended.
        archive = self._open()
        for name in names:
            yield partial(_load_zipped, archive, name)

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile) as error:
            raise _damaged(self.path, error) from error


@dataclass(frozen=True)
class TarFiles:
    """A tar archive, plain or compressed. It is read from front to back: a compressed one allows nothing else."""

    path: Path

    @property
    def facts(self) -> list[FileFacts]:
        """See `ImageFiles`."""
        return [file_facts(self.path)]

    def names(self) -> list[str]:
        """See `ImageFiles`."""
        return list(dict.fromkeys(member.name for _, member in self._members()))

    def contents(self, names: Sequence[str]) -> Iterator[LoadContent]:
        """See `ImageFiles`."""
        wanted = set(names)
        for archive, member in self._members():
            if member.name in wanted:
                wanted.remove(member.name)
                yield _load_now(archive, member)

    def _members(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        try:
            with tarfile.open(self.path) as archive:
                for member in archive:
                    if member.isfile() and is_image_name(member.name):
                        yield archive, member
        except (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError) as error:
            raise _damaged(self.path, error) from error


def is_image_name(name: str) -> bool:
    """Whether a file's name has an image's ending and nothing hidden in it (`.x`, or macOS's `__MACOSX`)."""
    # As text: a path object for each of many thousand files takes longer than asking the disk for them.
    return os.path.splitext(name)[1].lower() in IMAGE_ENDINGS and not any(map(_is_hidden, name.split("/")))


def _is_hidden(name: str) -> bool:
    return name == "__MACOSX" or (name.startswith(".") and name not in (".", ".."))


def _walk(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[FileFacts]:
    """The facts of all image files below a folder; `above` are the folders that lead to it, against circular links."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_dir():
                if not _is_hidden(entry.name):
                    yield from _walk(folder / entry.name, f"{name}/", above | {here})
            elif is_image_name(entry.name) and entry.is_file():
                facts = entry.stat()
                yield name, facts.st_size, facts.st_mtime_ns


def _load_zipped(archive: zipfile.ZipFile, name: str) -> bytes:
    _refuse_oversize(archive.getinfo(name).file_size)
    return archive.read(name)


def _load_now(archive: tarfile.TarFile, member: tarfile.TarInfo) -> LoadContent:
    if member.size > _MAX_FILE_BYTES:
        return partial(_refuse_oversize, member.size)
    file = archive.extractfile(member)
    assert file is not None, "a regular file has content"
    return partial(bytes, file.read())


def _refuse_oversize(num_bytes: int) -> bytes:
    """Raises ValueError for a file that is too large to be read; else gives nothing."""
    if num_bytes > _MAX_FILE_BYTES:
        raise ValueError(f"the file unpacks into {num_bytes:,} bytes, of which {_MAX_FILE_BYTES:,} are allowed")
    return b""


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: the archive cannot be read ({error}); fetch it again, or pack the images anew")
