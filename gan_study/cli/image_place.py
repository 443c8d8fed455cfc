"""Images as a command line names them: what is there under a path, from here or from the data folder."""

from contextlib import suppress
from difflib import SequenceMatcher, get_close_matches
from os.path import abspath, exists
from pathlib import Path

from gan_study.config.names import DATASETS
from gan_study.config.source import suggestion
from gan_study.data.places import data_folder
from gan_study.errors import InputError

NAMED_DATASETS = tuple(name for name in DATASETS if name != "image_folder")
"""Data sets that a name alone tells."""


def find_place(text: str, wanted: str) -> Path:
    """What is there under a path, else InputError with what is nearest; `wanted` says what could be there."""
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
