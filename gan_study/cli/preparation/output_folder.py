"""The new or empty folder into which a command writes its files."""

import os
from itertools import count
from os.path import abspath
from pathlib import Path

from gan_study.errors import InputError
from gan_study.runs.storage import Storage


def new_folder(out: str) -> Storage:
    """Return the folder that --out names; it must be new or empty, so that nothing is replaced or mixed up.

    Raises InputError for any other place, before anything is computed.
    """
    if "://" in out:
        raise _refused(
            out, "is an address and no folder of this machine", "write into a local folder and copy it there"
        )
    place = Path(abspath(Path(out).expanduser()))
    if place.is_dir() and (names := os.listdir(place)):
        shown = f"{min(names)}{f' and {len(names) - 1:,} more' if len(names) > 1 else ''}"
        raise _refused(out, f"holds {shown}", "choose another folder, or empty this one")
    above = next(each for each in (place, *place.parents) if each.exists())
    if not above.is_dir():
        raise _refused(out, f"needs a folder where the file {above} lies", "choose another folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise _refused(out, f"lies in {above}, where you may not write", "choose another folder")
    return Storage(place)


def _refused(out: str, fault: str, remedy: str) -> InputError:
    return InputError(
        f"--out: the files go to a folder that is new or empty, but got out={out}, which {fault}; {remedy}"
    )


def next_free_name(name: str) -> str:
    """`name`, or `name_2`, `name_3`, ...: the first that is new or an empty folder in the current folder."""
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(each for each in names if not (place := Path(each)).exists() or _is_empty_folder(place))


def _is_empty_folder(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def describe_incomplete(target: Storage) -> str:
    """Describe the files that an interrupted command has left in the folder that it was to fill."""
    names = target.list_names()
    if not names:
        return "nothing is written"
    place = target.local_path("")
    found = [f"{name} ({len(list(d.iterdir())):,} files)" if (d := place / name).is_dir() else name for name in names]
    return f"{target.location} is not complete, it holds {', '.join(found)}; remove it, or choose another --out"
