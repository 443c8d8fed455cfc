"""What a verb says of files before anything is started: where they are, or that they are being fetched.

Of a data set, and of Inception's weights where they make the score.
"""

from collections.abc import Callable
from contextlib import suppress

from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS
from gan_study.data.sources.catalogue import find_files
from gan_study.data.sources.downloads import REACH_SEC, NotFetchedError
from gan_study.errors import InputError
from gan_study.extractors import inception_weights
from gan_study.extractors.inception_weights import WeightsFile, weights_for, weights_with_hash
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import ObjectiveRecord
from gan_study.runs.score_keys import require_same_images

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


def require_images_of(folder: RunFolder, config: DatasetConfig) -> None:
    """Raise InputError if the data set's images on this machine are not those that the run folder's study began with.

    Files that are still to be downloaded are not looked at.
    """
    record = folder.read_objective()
    if record is None:
        return
    with suppress(NotFetchedError):
        find_files(config, may_fetch=False)
        from gan_study.data.datasets import load_dataset

        dataset = load_dataset(config)
        require_same_images(folder.location, record, dataset.identity, len(dataset.train_indices))


def count_images(config: DatasetConfig) -> int | None:
    """Images to learn of a data set; None if its files are not on this machine. Raises InputError."""
    from gan_study.data.inspection.inspection import count_train_images

    counted = count_train_images(config)
    return counted.num_train if counted else None


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


def fetch_weights(objective: ObjectiveConfig, record: ObjectiveRecord | None, say: Callable[[str], None]) -> None:
    """Make sure that Inception's weights are on this machine if a study is scored by it.

    record: of a study that has begun, whose weights they must be. `say` is told before a download is tried. Raises
    InputError if they are not there and cannot be downloaded, or are not what they should be.
    """
    if not EXTRACTORS[objective.extractor].is_pretrained:
        return

    def find(may_fetch: bool) -> WeightsFile:
        if record is not None:
            return weights_with_hash(record.key.weights_hash, may_fetch)
        return weights_for(objective, may_fetch=may_fetch)

    try:
        find(may_fetch=False)
    except NotFetchedError as error:
        say(
            f"inception's weights are not in {error.place}: trying to download them there (up to "
            f"{inception_weights.REACH_SEC:g} s until a server answers)"
        )
        find(may_fetch=True)


def weights_text(objective: ObjectiveConfig) -> str | None:
    """Whether Inception's weights are on this machine, and what to do if not; None if nothing is scored by it.

    Nothing is fetched.
    """
    if not EXTRACTORS[objective.extractor].is_pretrained:
        return None
    try:
        return f"found in {_checked_weights(objective).path}"
    except NotFetchedError as error:
        return f"not on this machine yet; {error}; else `run` tries to download them"
    except InputError as error:
        return f"none that can be used; {error}"


def missing_weights(objective: ObjectiveConfig) -> tuple[str, ...]:
    """Why Inception cannot score here; empty if it can, need not, or may be brought by a download."""
    if not EXTRACTORS[objective.extractor].is_pretrained:
        return ()
    try:
        _checked_weights(objective)
    except NotFetchedError:
        return ()
    except InputError as error:
        return error.problems
    return ()


def _checked_weights(objective: ObjectiveConfig) -> WeightsFile:
    """The file on this machine, with a look into it where its hash does not say what it holds."""
    file = weights_for(objective, may_fetch=False)
    if not file.is_good_for(objective.dims or 2048):
        from gan_study.extractors.inception import load_inception  # torch, which takes seconds

        load_inception(objective, None)
    return file
