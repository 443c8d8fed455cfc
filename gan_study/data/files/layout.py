"""Classes from the folders of the images, with notes on the layout that explain them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from gan_study.config.base import Frozen
from gan_study.data.files.selection import name_form
from gan_study.errors import printable

_PARTS = frozenset(
    {
        *("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation"),
        *("holdout", "held_out", "heldout"),
    }
)
"""Usual names of the parts of a data set, in lower case."""
_BESIDE_PARTS = frozenset(
    {"data", "dataset", "extra", "image", "images", "img", "imgs", "seg", "set", "split", "unlabeled"}
)
"""Words that such names may also hold (`training_set`), or names of a further part."""
_MAX_NAMED = 3


class LayoutNotes(Frozen):
    """Reasons for the classes of a folder or an archive."""

    common_folder: str = ""
    """Folders around all images, which do not count (`home/letters`)."""
    stray: tuple[str, ...] = ()
    """Some images beside folders that would otherwise be classes."""
    num_stray: int = 0
    """Number of such images."""
    num_other_folders: int = 0
    """Folders that would be classes without them."""
    parts: tuple[str, ...] = ()
    """The classes, if all are named like parts of a data set (train, test, val)."""

    def stray_text(self) -> str | None:
        """The reason for the absence of classes, if a few images cause it; otherwise None."""
        if not self.num_stray:
            return None
        more = f" and {self.num_stray - len(self.stray):,} more" if self.num_stray > len(self.stray) else ""
        lie = "image lies" if self.num_stray == 1 else "images lie"
        return (
            f"{self.num_stray:,} {lie} beside {self.num_other_folders:,} folders, so that these are not taken for "
            f"classes: {', '.join(self.stray)}{more}"
        )

    def parts_text(self) -> str | None:
        """A note that the classes look like parts of a data set; otherwise None."""
        if not self.parts:
            return None
        return f"the classes are the parts of a data set ({', '.join(self.parts)}) and no kinds of images"

    def warnings(self, place: str) -> tuple[str, ...]:
        """One sentence for each finding about the folder or archive `place`."""
        return tuple(f"{place}: {text}" for text in (self.stray_text(), self.parts_text()) if text)


@dataclass(frozen=True)
class Layout:
    """The classes of images."""

    classes: list[str] | None
    """The class of each image; None without classes."""
    notes: LayoutNotes


def layout_of(names: Sequence[str]) -> Layout:
    """Classes from the images' names (`letters/A/1.png` => A).

    The folders around all images do not count. If every image then lies in one of at least two folders, these are the
    classes.
    """
    folders = [_folders(name) for name in names]
    common = _common(folders)
    inner = [folder[len(common) :] for folder in folders]
    classes = [folder[0] if folder else "" for folder in inner]
    found = Counter(classes)
    num_stray = found.pop("", 0)
    notes = LayoutNotes(common_folder="/".join(map(printable, common)))
    if num_stray:
        return Layout(None, _with_stray(notes, names, folders, num_stray))
    if len(found) < 2:
        return Layout(None, notes)
    if all(map(_is_part, found)) and any(_words(name) & _PARTS for name in found):
        notes = notes.model_copy(update={"parts": tuple(sorted(map(printable, found)))})
    return Layout(classes, notes)


def _with_stray(notes: LayoutNotes, names: Sequence[str], folders: list[list[str]], num_stray: int) -> LayoutNotes:
    """Add the images that prevent classes, if the others have some."""
    depth = len(_common(folders))
    stray = [name for name, folder in zip(names, folders, strict=True) if len(folder) == depth]
    others = layout_of([name for name, folder in zip(names, folders, strict=True) if len(folder) > depth])
    if others.classes is None:
        return notes
    named = tuple(printable(name_form(name)) for name in stray[:_MAX_NAMED])
    update = {"stray": named, "num_stray": num_stray, "num_other_folders": len(set(others.classes))}
    return notes.model_copy(update=update)


def _common(folders: list[list[str]]) -> list[str]:
    """The common beginning of all folders."""
    # All names between the first and the last in sorted order share what these two share.
    first, last = min(folders, default=[]), max(folders, default=[])
    return [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))]


def _is_part(name: str) -> bool:
    """Return True if a folder is named like a part of a data set: `train`, `Test set`, `val2017`, `1_train`."""
    return bool(_words(name)) and _words(name) <= _PARTS | _BESIDE_PARTS


def _words(name: str) -> set[str]:
    """The words of a name in lower case, without numbers; `held_out` and its like count as one."""
    whole = name.lower()
    return {whole} if whole in _PARTS else set(re.findall(r"[^\W\d_]+", whole))


def _folders(name: str) -> list[str]:
    """The folders of an image. Equal letters get one form, since macOS writes é as two characters."""
    form = name_form(name)
    return (form if form.isascii() else unicodedata.normalize("NFC", form)).split("/")[:-1]
