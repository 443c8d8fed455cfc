"""The folder that a verb fills with files of its own."""

from itertools import count
from os.path import abspath
from pathlib import Path

from gan_study.errors import InputError
from gan_study.runs.storage import Storage


def new_folder(out: str) -> Storage:
    """Where --out leads: a folder that is not there yet or is empty, so that nothing is replaced or mixed up.

    Raises InputError for any other place, before anything is computed.
    """
    if "://" in out:
        raise InputError(f"--out: the files go to a folder of this machine, but got {out}; copy them from there")
    place = Path(abspath(Path(out).expanduser()))
    if place.exists() and not _is_empty_folder(place):
        there = "a file" if place.is_file() else "other files in it"
        raise InputError(f"--out: a folder that is new or empty is filled, but got {out} with {there}; choose another")
    return Storage(place)


def next_free_name(name: str) -> str:
    """`name`, or `name_2`, `name_3`, ...: the first that is new or an empty folder in the current folder."""
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(each for each in names if not (place := Path(each)).exists() or _is_empty_folder(place))


def _is_empty_folder(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def left_in(target: Storage) -> str:
    """What a user is told of an interrupted command that was to fill a folder."""
    names = target.list_names()
    if not names:
        return "nothing is written"
    place = target.local_path("")
    found = [f"{name} ({len(list(d.iterdir())):,} files)" if (d := place / name).is_dir() else name for name in names]
    return f"{target.location} is not complete, it holds {', '.join(found)}; remove it, or choose another --out"
