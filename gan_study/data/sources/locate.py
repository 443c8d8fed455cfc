"""Finding the files of a data set by name: those on this machine in any layout, else by a download."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_study.config.names import DatasetName
from gan_study.data.files.fingerprint import Files
from gan_study.data.places import data_folder
from gan_study.data.sources.downloads import download_missing
from gan_study.data.sources.named_files import Form, FoundFile, choose, look_for, match, members, named, untold
from gan_study.errors import InputError

Chosen = tuple[Form, dict[str, FoundFile]]
"""A form, and the file for each of its parts."""


@dataclass(frozen=True)
class Located:
    """The files of a data set."""

    place: str
    """For messages: the folder, or the archive."""
    paths: tuple[Path, ...]
    """What lies on the disk: the files, or the archives that hold them."""
    choose: Callable[[], Chosen]
    """Gives the files, after a look into a tar archive. Raises InputError if they are not in it."""

    @property
    def files(self) -> list[Files]:
        """What decides about the contents; each path of its own, as they may lie in several folders."""
        return [Files.of(path) for path in self.paths]


@dataclass(frozen=True)
class Wanted:
    """The files of a data set in all their forms, and where a download puts them."""

    name: DatasetName
    forms: tuple[Form, ...]
    what: str
    """The files that a download brings, for messages."""
    folder: str
    """Where a download puts them, below the data folder."""
    witness: str
    """One of the files that a download brings, plain or not."""


def locate(wanted: Wanted, may_fetch: bool) -> Located:
    """The files on this machine; downloaded if there is none and it may be.

    Raises InputError, naming what there is, if they cannot be had; NotFetchedError where fetching might help.
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
    chosen = choose(wanted.name, wanted.forms, files)
    if chosen is not None:
        paths = tuple(dict.fromkeys(file.path for file in chosen[1].values()))
        return Located(str(paths[0] if len(paths) == 1 else paths[0].parent), paths, lambda: chosen)
    archive = next((file for file in files if file.is_tar and file.told == wanted.name), None)
    if archive is None:
        return None
    return Located(archive.place, (archive.path,), lambda: _choose_packed(wanted, archive))


def _choose_packed(wanted: Wanted, archive: FoundFile) -> Chosen:
    files = members(archive)
    chosen = choose(wanted.name, wanted.forms, files)
    if chosen is None:
        _refuse_some(wanted, files)
        raise InputError(
            f"{archive.place}: {wanted.what} must be in this archive, but got "
            f"{named([file.member or '' for file in files]) or 'none'}; fetch it again, or remove it"
        )
    return chosen


def _refuse_some(wanted: Wanted, files: Sequence[FoundFile]) -> None:
    """Raise InputError if some of the files of a form are there, but not all."""
    matches = {form.title: match(wanted.name, form, files) for form in wanted.forms}
    form = max(wanted.forms, key=lambda form: len(matches[form.title]))
    there = matches[form.title]
    if there:
        missing = ", ".join(part for part in form.parts if part not in there)
        first = next(iter(there.values()))
        raise InputError(
            f"{first.path if first.member else first.path.parent}: all of the {len(form.parts)} {form.title} must be "
            f"here, but got none for {missing}, beside {named([file.name for file in there.values()])}; put them here, "
            "or remove the others, so that all are downloaded"
        )


def _found_instead(wanted: Wanted, files: Sequence[FoundFile]) -> str:
    """What lies where the files could be, for a message; empty if nothing does."""
    root, unclear = data_folder(), untold(wanted.forms, files)
    if unclear:
        return (
            f"{named(unclear)}, whose folder does not tell which data set it is of; name the folder {wanted.folder} if "
            "it is this"
        )
    near = [file.place for file in files if file.told == wanted.name]
    return named(near or [file.place for file in files if file.path.parent == root and file.member is None])
