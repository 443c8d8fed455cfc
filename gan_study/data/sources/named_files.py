"""Finding the files of a named data set in any layout in which it is distributed.

torchvision, Kaggle and the authors provide the same files in different folders, plain, gzipped or packed together.
Files are therefore found by their own names, in every folder and archive whose name identifies the data set. MNIST and
its relatives have files of equal names, which only the folder tells apart.
"""

import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gan_study.config.names import DatasetName
from gan_study.data.places import data_folder
from gan_study.errors import InputError
from gan_study.runs.unpacking import read_at_most, read_zip_member

_OTHER = "other"
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_OTHER, ("qmnist", "notmnist", "medmnist", "k49", "kkanji", "cifar100", "celebahq", "celebamask", "celebav")),
    ("fashion_mnist", ("fashion",)),
    ("kmnist", ("kmnist", "kuzushiji")),
    ("emnist_letters", ("emnist",)),
    ("mnist", ("mnist",)),
    ("cifar10", ("cifar",)),
    ("celeba", ("celeba",)),
)
"""Words in the name of a file or folder that identify a data set; the first match counts."""
_ZIP_ENDINGS, _TAR_ENDINGS = (".zip",), (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_UNNAMED = "archive"
"""Kaggle's name for the zip archive of any data set."""
_MAX_DEPTH = 4
_MAX_NAMED = 5


@dataclass(frozen=True)
class FoundFile:
    """A file on the disk or in an archive."""

    path: Path
    """Path on the disk: the file itself, or the archive that holds it."""
    member: str | None
    """Name in the archive; None for a file on the disk."""
    data_set: str | None
    """The data set that the nearest name identifies, that of the file or of a folder or archive around it; None if no
    name does."""

    @property
    def name(self) -> str:
        """The name without folders, in lower case."""
        return (self.member or self.path.name).replace("\\", "/").rpartition("/")[2].lower()

    @property
    def place(self) -> str:
        """The place, for messages."""
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"

    @property
    def is_zip(self) -> bool:
        """True if it is a zip archive, by its ending."""
        return self.member is None and self.name.endswith(_ZIP_ENDINGS)

    @property
    def is_tar(self) -> bool:
        """True if it is a tar archive, by its ending."""
        return self.member is None and self.name.endswith(_TAR_ENDINGS)

    def read(self) -> bytes:
        """The content. Raises InputError if it cannot be read."""
        try:
            if self.member is None:
                return self.path.read_bytes()
            if self.path.name.lower().endswith(_ZIP_ENDINGS):
                with zipfile.ZipFile(self.path) as archive:
                    return read_zip_member(archive, self.member)
            with tarfile.open(self.path) as packed:
                file = packed.extractfile(self.member)
                assert file is not None, "only files are listed"
                return read_at_most(file)
        except _UNREADABLE as error:
            raise _unreadable(self.place, error) from error


_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Form:
    """A division of a data set's content into files."""

    title: str
    """Description of the files, for messages."""
    parts: Mapping[str, str]
    """Patterns of their names in lower case, by content."""
    is_telling: bool = False
    """True if no other data set has files of these names."""


def look_for(data_set: DatasetName, stop: str | None = None) -> list[FoundFile]:
    """Files in the data folder, in its folders that identify the data set or are called `archive`, and in zip archives.

    A folder called `stop` is returned like a file and not searched. With `stop`, archives are not searched either.
    """
    root = data_folder()
    parent = root.parent.name if root.name.lower() == "raw" else ""
    known = data_set_of(root.name) or data_set_of(parent)
    found = list(_walk(root, known, data_set, stop, 0))
    if stop is None:
        for file in [file for file in found if file.is_zip]:
            found += archive_members(file)
    return found


def data_set_of(name: str) -> str | None:
    """The data set that the name of a file or folder identifies; None if it identifies none."""
    word = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((data_set for data_set, parts in _WORDS if any(part in word for part in parts)), None)


def _walk(folder: Path, known: str | None, data_set: str, stop: str | None, depth: int) -> Iterator[FoundFile]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in listed:
        here, path = data_set_of(entry.name) or known, folder / entry.name
        is_unnamed = here is None and depth == 0 and entry.name.partition(".")[0] == _UNNAMED
        if entry.name.startswith(".") or here not in (data_set, None):
            continue
        if not entry.is_dir() or entry.name == stop:
            file = FoundFile(path, None, here)
            if here is not None or is_unnamed or not (file.is_zip or file.is_tar):
                yield file
        elif (here == data_set or is_unnamed) and depth < _MAX_DEPTH:
            yield from _walk(path, here, data_set, stop, depth + 1)


def archive_members(archive: FoundFile) -> list[FoundFile]:
    """The files in a zip or tar archive. Raises InputError if it cannot be read."""
    status = archive.path.stat()
    return _members(archive, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _members(archive: FoundFile, size: int, time_ns: int) -> list[FoundFile]:
    try:
        if archive.is_zip:
            with zipfile.ZipFile(archive.path) as zipped:
                names = [info.filename for info in zipped.infolist() if not info.is_dir()]
        else:
            with tarfile.open(archive.path) as packed:
                names = [member.name for member in packed if member.isfile()]
    except _UNREADABLE as error:
        raise _unreadable(archive.place, error) from error
    return [FoundFile(archive.path, name, _data_set_of_member(name) or archive.data_set) for name in sorted(names)]


def _data_set_of_member(member: str) -> str | None:
    parts = reversed(member.replace("\\", "/").split("/"))
    return next((known for part in parts if (known := data_set_of(part)) is not None), None)


def _unreadable(place: str, error: Exception) -> InputError:
    return InputError(f"{place}: the file cannot be read or unpacked ({error}); fetch it again")


def choose_form(
    data_set: DatasetName, forms: Sequence[Form], files: Sequence[FoundFile]
) -> tuple[Form, dict[str, FoundFile]] | None:
    """The first form with all its parts, and a file for each; None if no form is complete.

    Files in the same folder are preferred.
    """
    for form in forms:
        groups = [[file for file in files if _folder(file) == folder] for folder in dict.fromkeys(map(_folder, files))]
        for group in (*groups, files):
            matches = match_form(data_set, form, group)
            if len(matches) == len(form.parts):
                return form, matches
    return None


def match_form(data_set: DatasetName, form: Form, files: Sequence[FoundFile]) -> dict[str, FoundFile]:
    """The first file for each part of a form, as far as there is one."""
    fitting = [file for file in files if file.data_set == data_set or (file.data_set is None and form.is_telling)]
    found = {}
    for part, pattern in form.parts.items():
        file = next((file for file in fitting if re.fullmatch(pattern, file.name)), None)
        if file is not None:
            found[part] = file
    return found


def _folder(file: FoundFile) -> tuple[Path, str]:
    if file.member is None:
        return file.path.parent, ""
    return file.path, file.member.replace("\\", "/").rpartition("/")[0]


def unidentified_files(forms: Sequence[Form], files: Sequence[FoundFile]) -> list[FoundFile]:
    """Files with names of a form whose data set no folder identifies."""
    patterns = [pattern for form in forms for pattern in form.parts.values()]
    return [file for file in files if file.data_set is None and any(re.fullmatch(p, file.name) for p in patterns)]


def list_names(files: Sequence[FoundFile] | Sequence[str]) -> str:
    """The names of some files, for messages."""
    places = [file if isinstance(file, str) else file.place for file in files]
    more = f" and {len(places) - _MAX_NAMED:,} more" if len(places) > _MAX_NAMED else ""
    return ", ".join(places[:_MAX_NAMED]) + more
