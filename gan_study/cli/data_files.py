"""What a verb says of a data set's files before anything is started: where they are, or that they are being fetched."""

from collections.abc import Callable

from gan_study.config.data import DatasetConfig
from gan_study.data.sources.catalogue import find_files
from gan_study.data.sources.downloads import REACH_SEC, NotFetchedError
from gan_study.errors import InputError

_PACKAGED = "digits"


def fetch_files(config: DatasetConfig, say: Callable[[str], None]) -> None:
    """Make sure that the data set's files are on this machine; `say` is told before a download is tried.

    Raises InputError if they are not there and cannot be downloaded.
    """
    try:
        find_files(config, may_fetch=False)
    except NotFetchedError as error:
        say(
            f"{config.name} is not in {error.place}: trying to download it there (up to {REACH_SEC:g} s until a server "
            "answers)"
        )
        find_files(config)


def files_text(config: DatasetConfig, num_train_images: int | None) -> str:
    """Whether the files are on this machine, where they were looked for, and what to do if not; nothing is fetched.

    num_train_images: as they were counted; None if no one has.
    """
    if config.name == _PACKAGED:
        return "come with scikit-learn"
    try:
        place = find_files(config, may_fetch=False).place
        return f"found in {place}" if num_train_images != 0 else f"none: no images to learn in {place}; check the path"
    except NotFetchedError as error:
        return f"not on this machine yet; {error}; else `run` tries to download them"
    except InputError as error:
        return f"not on this machine; {error}"


def missing_files(config: DatasetConfig) -> tuple[str, ...]:
    """Why the data set cannot be learned here; empty if its files are there or a download may bring them."""
    try:
        find_files(config, may_fetch=False)
    except NotFetchedError:
        return ()
    except InputError as error:
        return error.problems
    return ()
