"""Image files in zip and tar archives, listed and read one by one without unpacking to disk."""

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, Self, cast

from gan_study.data.files.archive_tree import ArchiveTree
from gan_study.data.files.fingerprint import Files
from gan_study.data.files.folders import MAX_FILE_BYTES, FileContent, FolderFiles, ImageFiles, unreadable_error
from gan_study.data.files.no_archive import explain_no_archive
from gan_study.data.files.selection import PassedOver
from gan_study.errors import InputError
from gan_study.runs.unpacking import read_zip_member, require_size

MAX_UNPACKED, _MAX_EXPANSION = 1 << 30, 200
"""An archive may unpack into this many bytes, or this many times its own size, whichever is more."""
_MAX_HEADER = 1 << 20
"""Longest header of a member of a tar archive. Python reads a header at once."""
_LONG_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
_STREAMS: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": cast(Any, gzip.GzipFile),
    b"BZh": cast(Any, bz2.BZ2File),
    b"\xfd7zXZ": cast(Any, lzma.LZMAFile),
    b"]\0\0": cast(Any, lzma.LZMAFile),
}
"""Classes of compressed files, by the bytes with which these begin."""
_ENCRYPTED = 1
_MAX_LINK = 1 << 14
"""Longest target of a symbolic link, in bytes."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_METHOD_NAMES = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    98: "PPMd",
    99: "AES",
}
_UNPACK = "unpack it and name the folder, or pack the images again"


def open_image_files(path: Path) -> ImageFiles:
    """The image files at `path`. Raises InputError if it is neither a folder nor a zip or tar archive."""
    try:
        if path.is_dir():
            return FolderFiles(path)
        if zipfile.is_zipfile(path):
            return ZipFiles(path)
        if path.is_file() and _is_tar(path):
            return TarFiles(path)
        raise explain_no_archive(path)
    except OSError as error:
        raise unreadable_error(path, error) from error


@dataclass(frozen=True, eq=False)
class _Archive:
    """An archive that holds images."""

    path: Path

    @property
    def files(self) -> Files:
        """See `ImageFiles`."""
        return Files.from_paths(self.path)

    @property
    def passed_over(self) -> PassedOver:
        """See `ImageFiles`."""
        return self._listed[1]

    @cached_property
    def _listed(self) -> tuple[dict[Any, Any], PassedOver]:
        """The members with images, and the count of everything that is not used."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class ZipFiles(_Archive):
    """A zip archive."""

    def names(self) -> list[str]:
        """See `ImageFiles`."""
        return list(self._listed[0])

    def contents(self, names: Sequence[str]) -> Iterator[FileContent]:
        """See `ImageFiles`."""
        # The file stays open until the last load that uses it is gone: loads may run after this generator has ended.
        archive = self._open()
        members = archive.infolist()
        for name in names:
            yield FileContent(partial(read_zip_member, archive, members[self._listed[0][name]], MAX_FILE_BYTES))

    @cached_property
    def _listed(self) -> tuple[dict[str, int], PassedOver]:
        tree = ArchiveTree()
        with self._open() as archive:
            members = archive.infolist()
            _check_expansion(self.path, sum(member.file_size for member in members))
            for number, member in enumerate(members):
                if stat.S_ISLNK(member.external_attr >> 16):
                    target = _read_link(archive, member)
                    tree.add_link(member.filename, target)
                elif not member.is_dir() and not member.filename.endswith("\\"):
                    tree.add_file(member.filename, number)
        images, passed_over = tree.images()
        _check_packing(self.path, [members[number] for number in images.values()])
        return images, passed_over

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except OSError as error:
            raise unreadable_error(self.path, error) from error
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged(self.path, error) from error


@dataclass(frozen=True, eq=False)
class TarFiles(_Archive):
    """A tar archive, plain or compressed. It is read from front to back, the only way for a compressed one."""

    def names(self) -> list[str]:
        """See `ImageFiles`. All names of a member, which links may give it, follow one another."""
        return [name for names in self._listed[0].values() for name in names]

    def contents(self, names: Sequence[str]) -> Iterator[FileContent]:
        """See `ImageFiles`."""
        wanted, by_member = set(names), self._listed[0]
        last = max((number for number, found in by_member.items() if not wanted.isdisjoint(found)), default=-1)
        for number, (archive, member) in enumerate(self._members()):
            asked = [name for name in by_member.get(number, ()) if name in wanted]
            if asked:
                content = _load_now(archive, member)
                for _ in asked:
                    yield content
            if number >= last:
                return

    @cached_property
    def _listed(self) -> tuple[dict[int, list[str]], PassedOver]:
        """Names of the images by the number of their member, in the order of the archive."""
        tree = ArchiveTree()
        for number, (_, member) in enumerate(self._members()):
            if member.isfile():
                tree.add_file(member.name, number)
            elif member.islnk():
                tree.add_hard_link(member.name, member.linkname)
            elif member.issym():
                tree.add_link(member.name, member.linkname)
            elif not member.isdir():
                tree.add_special(member.name)
        images, passed_over = tree.images()
        by_member: defaultdict[int, list[str]] = defaultdict(list)
        for name, number in images.items():
            by_member[number].append(name)
        return dict(sorted(by_member.items())), passed_over

    def _members(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        try:
            with _open_tar(self.path) as archive:
                for member in archive:
                    yield archive, member
        except InputError:
            raise
        except Exception as error:  # tarfile raises all kinds for a damaged archive
            raise _damaged(self.path, error) from error


class _RefusedHeaderError(tarfile.ReadError):
    pass


class _CheckedHeader(tarfile.TarInfo):
    """A member of a tar archive. Python would end the archive at a damaged header and lose later members."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """A member from its header. Raises ReadError if the header is damaged or the file ends before the archive."""
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf and not any(buf):  # the end mark
                raise
            what = "a header is damaged or cut short" if buf else "it has no end mark, so it may be cut short"
            raise tarfile.ReadError(what) from error
        if member.type in _LONG_HEADERS and member.size > _MAX_HEADER:
            raise _RefusedHeaderError(f"a header has {member.size:,} bytes")
        return member

    def _proc_sparse(self, *ignored: object) -> Self:
        raise _RefusedHeaderError("it holds a sparse file, whose list of parts may have any length")

    _proc_gnusparse_10 = _proc_sparse


def _check_packing(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Raise InputError if images are compressed in a way that Python cannot read."""
    encrypted = sum(member.flag_bits & _ENCRYPTED for member in members)
    if encrypted:
        raise InputError(
            f"{path}: the images in an archive must be readable without a password, but got {encrypted:,} of "
            f"{len(members):,} with one; {_UNPACK} without a password"
        )
    unknown = [member.compress_type for member in members if member.compress_type not in _METHODS]
    if unknown:
        method = f"{unknown[0]} ({_METHOD_NAMES[unknown[0]]})" if unknown[0] in _METHOD_NAMES else str(unknown[0])
        raise InputError(
            f"{path}: the archive must be packed by a method that Python can read (Deflate, bzip2, LZMA or none), but "
            f"got method {method} for {len(unknown):,} of {len(members):,} images; {_UNPACK}"
        )


def _read_link(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """The target of a symbolic link, which is its content; empty if it cannot be read."""
    try:
        return read_zip_member(archive, member, _MAX_LINK).decode(errors="surrogateescape")
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return ""


def _load_now(archive: tarfile.TarFile, member: tarfile.TarInfo) -> FileContent:
    if member.size > MAX_FILE_BYTES:
        return FileContent(partial(_refuse_size, member.size))
    file = archive.extractfile(member)
    assert file is not None, "a regular file has content"
    return FileContent(partial(bytes, file.read()), member.size)


def _refuse_size(num_bytes: int) -> bytes:
    require_size(num_bytes, MAX_FILE_BYTES)
    return b""


def _check_expansion(path: Path, num_bytes: int) -> None:
    """Raise InputError if an archive unpacks into far more bytes than archives of images do."""
    most = _most_unpacked(path)
    if num_bytes > most:
        raise InputError(
            f"{path}: an archive of images may unpack into {_MAX_EXPANSION} times its size, but got more than "
            f"{most:,} bytes from {path.stat().st_size:,}; if you trust it, unpack it and name the folder"
        )


def _most_unpacked(path: Path) -> int:
    return max(MAX_UNPACKED, _MAX_EXPANSION * path.stat().st_size)


class _Stream:
    """The unpacked bytes of a tar archive, which must not go on without end."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(8)
        opened = next((opener(path) for mark, opener in _STREAMS.items() if start.startswith(mark)), None)
        self._path, self._stream = path, opened or path.open("rb")
        self.close, self.tell = self._stream.close, self._stream.tell

    def read(self, size: int) -> bytes:
        _check_expansion(self._path, self.tell() + size)
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        _check_expansion(self._path, position)
        return self._stream.seek(position)


@contextmanager
def _open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    with closing(_Stream(path)) as stream:
        yield tarfile.TarFile(fileobj=cast(IO[bytes], stream), tarinfo=_CheckedHeader)


def _is_tar(path: Path) -> bool:
    try:
        with _open_tar(path):
            return True
    except _RefusedHeaderError:
        return True  # A reading of the archive explains it.
    except (OSError, InputError):
        raise
    except Exception:  # tarfile raises all kinds for other content
        return False


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: the archive cannot be read ({error}); fetch it again, or pack the images again")
