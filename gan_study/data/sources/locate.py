"""Finding the files of a data set by name: on this machine in any layout, or else by a download."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_study.config.names import DatasetName
from gan_study.data.files.fingerprint import Files
from gan_study.data.places import data_folder
from gan_study.data.sources.downloads import download_missing
from gan_study.data.sources.named_files import (
    Form,
    FoundFile,
    archive_members,
    choose_form,
    list_names,
    look_for,
    match_form,
    unidentified_files,
)
from gan_study.errors import InputError

Chosen = tuple[Form, dict[str, FoundFile]]
"""A form of the data set, and the file for each of its parts."""


@dataclass(frozen=True)
class Located:
    """The files of a data set."""

    place: str
    """The folder or the archive, for messages."""
    paths: tuple[Path, ...]
    """Paths on the disk: the files, or the archives that hold them."""
    choose: Callable[[], Chosen]
    """Returns the files, after a look into a tar archive. Raises InputError if they are not in it."""

    @property
    def files(self) -> list[Files]:
        """The files that determine the contents; each counts on its own, since they may lie in several folders."""
        return [Files.from_paths(path) for path in self.paths]


@dataclass(frozen=True)
class Wanted:
    """All forms of a data set's files, and the place of a download."""

    name: DatasetName
    forms: tuple[Form, ...]
    what: str
    """The files that a download brings, for messages."""
    folder: str
    """The folder of a download, below the data folder."""
    witness: str
    """One of the files of a download, compressed or not."""


def locate_files(wanted: Wanted, may_fetch: bool) -> Located:
    """The files on this machine, downloaded if they are missing and downloads are allowed.

    Raises InputError, which names the files that were found, if they are not available; NotFetchedError if a download
    might help.
    """
    files = look_for(wanted.name)
    located = _located(wanted, files)
    if located is None:
        _refuse_some(wanted, files)
        download_missing(
            wanted.name, wanted.folder, wanted.witness, wanted.what, may_fetch, _found_instead(wanted, files)
        )
        located = _located(wanted, look_for(wanted.name))
    if located is None:
        raise InputError(f"{data_folder() / wanted.folder}: the download has not brought {wanted.what}; put them here")
    return located


def _located(wanted: Wanted, files: Sequence[FoundFile]) -> Located | None:
    chosen = choose_form(wanted.name, wanted.forms, files)
    if chosen is not None:
        paths = tuple(dict.fromkeys(file.path for file in chosen[1].values()))
        return Located(str(paths[0] if len(paths) == 1 else paths[0].parent), paths, lambda: chosen)
    archive = next((file for file in files if file.is_tar and file.data_set == wanted.name), None)
    if archive is None:
        return None
    return Located(archive.place, (archive.path,), lambda: _choose_packed(wanted, archive))


def _choose_packed(wanted: Wanted, archive: FoundFile) -> Chosen:
    files = archive_members(archive)
    chosen = choose_form(wanted.name, wanted.forms, files)
    if chosen is None:
        _refuse_some(wanted, files)
        raise InputError(
            f"{archive.place}: {wanted.what} must be in this archive, but got "
            f"{list_names([file.member or '' for file in files]) or 'none'}; fetch it again, or remove it"
        )
    return chosen


def _refuse_some(wanted: Wanted, files: Sequence[FoundFile]) -> None:
    """Raise InputError if some but not all files of a form are there."""
    matches = {form.title: match_form(wanted.name, form, files) for form in wanted.forms}
    form = max(wanted.forms, key=lambda form: len(matches[form.title]))
    there = matches[form.title]
    if there:
        missing = ", ".join(part for part in form.parts if part not in there)
        first = next(iter(there.values()))
        raise InputError(
            f"{first.path if first.member else first.path.parent}: all of the {len(form.parts)} {form.title} must be "
            f"here, but got none for {missing}, beside {list_names([file.name for file in there.values()])}; put them "
            "here, or remove the others, so that all are downloaded"
        )


def _found_instead(wanted: Wanted, files: Sequence[FoundFile]) -> str:
    """Description of other files in possible places, for a message; empty without any."""
    root, unclear = data_folder(), unidentified_files(wanted.forms, files)
    if unclear:
        return (
            f"{list_names(unclear)}, whose folder does not tell which data set it is of; name the folder "
            f"{wanted.folder} if it is this"
        )
    near = [file.place for file in files if file.data_set == wanted.name]
    return list_names(near or [file.place for file in files if file.path.parent == root and file.member is None])
