"""Find or download a data set's files and Inception's weights before a command starts its work."""

from collections.abc import Callable
from contextlib import suppress

from gan_study.config.data import DatasetConfig, ObjectiveConfig
from gan_study.config.extractors import EXTRACTORS
from gan_study.config.own.parts import is_own
from gan_study.config.study import StudyConfig
from gan_study.data.sources.catalogue import find_files
from gan_study.data.sources.downloads import REACH_SEC, NotFetchedError
from gan_study.errors import InputError
from gan_study.evaluation.own_code import load_given_code, load_trusted_code
from gan_study.extractors import inception_weights
from gan_study.extractors.inception_weights import WeightsFile, weights_for, weights_with_hash
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.score_keys import require_same_images

_PACKAGED = "digits"


def fetch_files(config: DatasetConfig, notify: Callable[[str], None]) -> None:
    """Make sure that the data set's files are on this machine; `notify` receives a line before a download.

    Raises InputError if they are not there and cannot be downloaded.
    """
    try:
        find_files(config, may_fetch=False)
    except NotFetchedError as error:
        notify(
            f"{config.name} is not in {error.place}: trying to download it there (up to {REACH_SEC:g} s until a server "
            "answers)"
        )
        find_files(config)


def require_images_of(folder: RunFolder, study: StudyConfig) -> None:
    """Raise InputError if a study's images on this machine are not those that it began with in its run folder.

    Files that are still to be downloaded are not checked.
    """
    record = folder.read_objective()
    if record is None:
        return
    with suppress(NotFetchedError):
        find_files(study.dataset, may_fetch=False)
        from gan_study.data.datasets import load_dataset

        if is_own(study.dataset.name):
            load_trusted_code(study.code, folder)
        dataset = load_dataset(study.dataset)
        require_same_images(folder.location, record, dataset.identity, len(dataset.train_indices))


def count_images(study: StudyConfig) -> int | None:
    """Number of training images of a study; None if their files are not on this machine. Raises InputError.

    An own data set is made. Its code must lie where the study's file names it.
    """
    from gan_study.data.inspection.inspection import count_train_images

    if is_own(study.dataset.name):
        load_given_code(study.code)
    counted = count_train_images(study.dataset)
    return counted.num_train if counted else None


def files_text(config: DatasetConfig, num_train_images: int | None) -> str:
    """A line on the files: their place if they are on this machine, or else a remedy. Nothing is downloaded.

    num_train_images: number of training images; None if they were not counted.
    """
    if config.name == _PACKAGED:
        return "come with scikit-learn"
    if is_own(config.name):
        return "none: the study's own code makes the images"
    try:
        place = find_files(config, may_fetch=False).place
        return f"found in {place}" if num_train_images != 0 else f"none: no images to learn in {place}; check the path"
    except NotFetchedError as error:
        return f"not on this machine yet; {error}; else `run` tries to download them"
    except InputError as error:
        return f"not on this machine; {error}"


def missing_files(config: DatasetConfig) -> tuple[str, ...]:
    """The reasons why this machine cannot load the data set; empty if it has the files or can try a download."""
    try:
        find_files(config, may_fetch=False)
    except NotFetchedError:
        return ()
    except InputError as error:
        return error.problems
    return ()


def fetch_weights(objective: ObjectiveConfig, record: ObjectiveRecord | None, notify: Callable[[str], None]) -> None:
    """Make sure that Inception's weights are on this machine if a study's score needs them.

    record: the objective of a study that has begun, which fixes the weights. `notify` receives a line before a
    download. Raises InputError if the weights are missing and cannot be downloaded, or are not the right ones.
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
        notify(
            f"inception's weights are not in {error.place}: trying to download them there (up to "
            f"{inception_weights.REACH_SEC:g} s until a server answers)"
        )
        find(may_fetch=True)


def weights_text(objective: ObjectiveConfig) -> str | None:
    """A line on Inception's weights: their place or a remedy; None if no score needs them. Nothing is downloaded."""
    if not EXTRACTORS[objective.extractor].is_pretrained:
        return None
    try:
        return f"found in {_checked_weights(objective).path}"
    except NotFetchedError as error:
        return f"not on this machine yet; {error}; else `run` tries to download them"
    except InputError as error:
        return f"none that can be used; {error}"


def missing_weights(objective: ObjectiveConfig) -> tuple[str, ...]:
    """The faults of Inception's weights on this machine; empty if they are usable, not needed, or downloadable."""
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
    """The file on this machine; it is loaded as a check if its hash is unknown."""
    file = weights_for(objective, may_fetch=False)
    if not file.is_good_for(objective.dims or 2048):
        from gan_study.extractors.inception import load_inception  # torch, which takes seconds

        load_inception(objective, None)
    return file
