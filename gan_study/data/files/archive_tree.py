"""The members of an archive as the tree of folders that unpacking would make, without unpacking."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from gan_study.data.files.selection import Lister, PassedOver, name_form

_MAX_LINKS = 40
"""Most links on the way to one file, as on Linux."""
_Entry = Union["_Folder", "_Link", int, None]
_Folder = dict[str, "_Entry"]


@dataclass(frozen=True)
class _Link:
    target: str
    """Target in the form of `name_form`, from the root of the archive."""


class _CircleError(Exception):
    pass


@dataclass
class ArchiveTree:
    """A tree of folders, built member by member in the order of the archive; the last of equal names counts, as after
    unpacking."""

    _root: _Folder = field(default_factory=dict)
    _num_repeated: int = 0

    def add_file(self, name: str, member: int) -> None:
        """Add a file with the content of the member of this number."""
        self._put(name, member)

    def add_hard_link(self, name: str, target: str) -> None:
        """Add another name of an earlier file; an unknown file counts as a link without a target."""
        entry = self._entry(name_form(target))
        self._put(name, entry if isinstance(entry, (int, _Link)) else _Link(name_form(target)))

    def add_link(self, name: str, target: str) -> None:
        """Add a symbolic link. An absolute target counts from the root of the archive."""
        own = name_form(name)
        above = "" if target.startswith(("/", "\\")) else posixpath.dirname(own)
        self._put(own, _Link(name_form(f"{above}/{target}")))

    def add_special(self, name: str) -> None:
        """Add a pipe or a device."""
        self._put(name, None)

    def images(self) -> tuple[dict[str, int], PassedOver]:
        """The member number of each image by name, sorted by name, and the count of everything that is not used."""
        lister = Lister()
        lister.repeated = self._num_repeated
        found = sorted(self._walk(self._root, "", (), lister))
        return dict(found), lister.finish()

    def _put(self, name: str, entry: _Entry) -> None:
        *folders, own = name_form(name).split("/")
        if not own:
            return
        place = self._root
        for folder in folders:
            below = place.get(folder)
            if isinstance(below, _Link):  # unpacking follows a link to a folder
                below = self._entry(below.target)
            if not isinstance(below, dict):
                below = place[folder] = {}
            place = below
        if own in place and not isinstance(place[own], dict):
            self._num_repeated += 1
        place[own] = entry

    def _walk(self, folder: _Folder, prefix: str, above: tuple[int, ...], lister: Lister) -> Iterator[tuple[str, int]]:
        if id(folder) in above:
            lister.circular_links += 1
            return
        for name, entry in folder.items():
            if isinstance(entry, _Link):
                try:
                    entry = self._entry(entry.target)
                except _CircleError:
                    lister.circular_links += 1
                    continue
                if entry is None:
                    lister.dangling_links += 1
                    continue
            if isinstance(entry, dict):
                if lister.takes_folder(name):
                    yield from self._walk(entry, f"{prefix}{name}/", (*above, id(folder)), lister)
            elif lister.takes_file(name):
                if isinstance(entry, int):
                    yield prefix + name, entry
                else:
                    lister.special += 1

    def _entry(self, path: str, num_links: int = 0) -> _Entry:
        """The entry at a path, links followed; None without one. Raises _CircleError."""
        if num_links > _MAX_LINKS:
            raise _CircleError
        entry: _Entry = self._root
        for part in path.split("/") if path else ():
            entry = entry.get(part) if isinstance(entry, dict) else None
            if isinstance(entry, _Link):
                entry = self._entry(entry.target, num_links + 1)
        return entry
