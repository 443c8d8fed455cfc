"""Find the images that a command line names, in the working directory or in the data folder."""

import os
from collections.abc import Iterator
from contextlib import suppress
from difflib import SequenceMatcher, get_close_matches
from os.path import abspath, exists
from pathlib import Path

from gan_study.config.names import DATASETS
from gan_study.config.reading.suggestions import suggestion
from gan_study.data.places import data_folder
from gan_study.errors import InputError, require_utf8
from gan_study.evaluation.snapshots import SUFFIX, TRIAL_NAMES, is_trial

NAMED_DATASETS = tuple(name for name in DATASETS if name != "image_folder")
"""Data sets that need no path."""


def find_place(text: str, wanted: str) -> Path:
    """Find a path in the working directory or in the data folder.

    Raises InputError, which suggests the nearest name, if there is no such file; `wanted` names what the command takes.
    """
    require_utf8(text, "images")
    path = Path(text).expanduser()
    places = list(dict.fromkeys(Path(abspath(folder / path)) for folder in (Path.cwd(), data_folder())))
    for place in places:
        if exists(place):  # unlike Path.exists, it raises nothing for a name too long
            return place
    near = _nearest(places)
    is_nearer = near is not None and _likeness(text, near.name) > max(_likeness(text, name) for name in NAMED_DATASETS)
    raise InputError(
        f"{text}: {wanted}, but there is no {' nor '.join(map(str, places))}"
        f"{f'; did you mean {near}?' if is_nearer else suggestion(text, NAMED_DATASETS)}"
    )


def find_dataset(name: str) -> dict[str, str]:
    """The fields of a study's `dataset` block that identify the data set: its name, or `image_folder` and the path.

    Raises InputError, which suggests the nearest name, if there is none, and for a folder that holds runs.
    """
    if name in NAMED_DATASETS:
        return {"name": name}
    root = Path(abspath(data_folder()))
    place = find_place(name, "doctor takes a folder, an archive or the name of a data set")
    if place.is_dir():
        refuse_runs(str(place), takes_generators=False)
    return {"name": "image_folder", "path": str(place.relative_to(root) if root in place.parents else place)}


def refuse_runs(folder: str, takes_generators: bool) -> None:
    """Raise InputError if a folder of images holds a run or a trial, or is a trial's folder of samples.

    The pictures there are grids of samples, which would pass for images. takes_generators: True if the command also
    takes a trained generator.
    """
    found = next(_runs_and_trials(folder), None)
    if found is None:
        return
    kind, place = found
    way_out = "give the images alone"
    if takes_generators:
        # The names of confirmed trials come first in the alphabet.
        snapshot = min(map(str, Path(place).rglob(f"snapshots/*{SUFFIX}")), default=None)
        example = f", such as {snapshot}" if snapshot else ""
        way_out = f"give a trained generator ({place}, or a trial's snapshot{example}), or the images alone"
    raise InputError(
        f"{folder}: a folder of images must hold no trainings, but got the folder of a {kind}, {place}, whose pictures "
        f"are grids of samples; {way_out}"
    )


def _runs_and_trials(folder: str) -> Iterator[tuple[str, str]]:
    """Yield `run` or `trial` and its place: the trial that owns a folder of samples, then all below the folder."""
    above, name = os.path.split(folder)
    if name == "samples" and is_trial({name for name in TRIAL_NAMES if exists(os.path.join(above, name))}):
        yield "trial", above
    seen = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        names = {*folders, *files}
        if (status.st_dev, status.st_ino) in seen:  # This link leads back.
            names.clear()
        seen.add((status.st_dev, status.st_ino))
        if {"study.yaml", "arms"} <= names:
            yield "run", place
        elif is_trial(names):
            yield "trial", place
        # Hidden folders are not searched for images.
        folders[:] = sorted(name for name in names.intersection(folders) if not name.startswith("."))


def _nearest(places: list[Path]) -> Path | None:
    """The existing file beside one of these places whose name is most like theirs; None if there is none."""
    found: list[Path] = []
    for place in places:
        with suppress(OSError):  # There is no such folder, or it is not readable.
            beside = [path.name for path in place.parent.iterdir()]
            found += [place.parent / name for name in get_close_matches(place.name, beside, n=1)]
    return max(found, key=lambda path: _likeness(places[0].name, path.name), default=None)


def _likeness(text: str, name: str) -> float:
    return SequenceMatcher(None, Path(text).name, name).ratio()
