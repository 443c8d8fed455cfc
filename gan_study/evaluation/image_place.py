"""Images as a command line names them: what is there under a path, from here or from the data folder, and whether it
is images."""

import os
from collections.abc import Iterator
from contextlib import suppress
from difflib import SequenceMatcher, get_close_matches
from os.path import abspath, exists
from pathlib import Path

from gan_study.config.names import DATASETS
from gan_study.config.reading.source import suggestion
from gan_study.data.places import data_folder
from gan_study.errors import InputError, require_utf8
from gan_study.evaluation.snapshots import SUFFIX, TRIAL_NAMES, is_trial

NAMED_DATASETS = tuple(name for name in DATASETS if name != "image_folder")
"""Data sets that a name alone tells."""


def find_place(text: str, wanted: str) -> Path:
    """What is there under a path, else InputError with what is nearest; `wanted` says what could be there."""
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


def refuse_runs(folder: str, takes_generators: bool) -> None:
    """Raise InputError if a folder that is taken for one of images holds a run or a trial, or is a trial's samples.

    The pictures there are grids of samples, and would pass for images. takes_generators: whether the command would take
    a trained generator instead.
    """
    found = next(_runs_and_trials(folder), None)
    if found is None:
        return
    kind, place = found
    way_out = "give the images alone"
    if takes_generators:
        # Confirmed trials come first, by their names.
        snapshot = min(map(str, Path(place).rglob(f"snapshots/*{SUFFIX}")), default=None)
        example = f", such as {snapshot}" if snapshot else ""
        way_out = f"give a trained generator ({place}, or a trial's snapshot{example}), or the images alone"
    raise InputError(
        f"{folder}: a folder of images must hold no trainings, but got the folder of a {kind}, {place}, whose pictures "
        f"are grids of samples; {way_out}"
    )


def _runs_and_trials(folder: str) -> Iterator[tuple[str, str]]:
    """`run` or `trial`, and the place: the trial that the folder is the samples of, then all below it and its links."""
    above, name = os.path.split(folder)
    if name == "samples" and is_trial({name for name in TRIAL_NAMES if exists(os.path.join(above, name))}):
        yield "trial", above
    seen = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        names = {*folders, *files}
        if (status.st_dev, status.st_ino) in seen:  # a link that leads back
            names.clear()
        seen.add((status.st_dev, status.st_ino))
        if {"study.yaml", "arms"} <= names:
            yield "run", place
        elif is_trial(names):
            yield "trial", place
        # In hidden folders no image is looked for.
        folders[:] = sorted(name for name in names.intersection(folders) if not name.startswith("."))


def _nearest(places: list[Path]) -> Path | None:
    """What is beside one of these places under a name like theirs."""
    found: list[Path] = []
    for place in places:
        with suppress(OSError):  # no folder, or not for us to read
            beside = [path.name for path in place.parent.iterdir()]
            found += [place.parent / name for name in get_close_matches(place.name, beside, n=1)]
    return max(found, key=lambda path: _likeness(places[0].name, path.name), default=None)


def _likeness(text: str, name: str) -> float:
    return SequenceMatcher(None, Path(text).name, name).ratio()
