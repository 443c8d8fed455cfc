"""Checks that scores are comparable. An error names the fields in which their keys differ."""

from gan_study.config.data import ObjectiveConfig
from gan_study.errors import InputError
from gan_study.runs.records.measurements import ObjectiveRecord, ScoreKey


def require_equal_keys(place: str, key: ScoreKey, expected: ScoreKey) -> None:
    """Raise InputError, naming the fields that differ, unless scores of both keys may be compared."""
    mine, theirs = key.model_dump(), expected.model_dump()
    _require_equal(place, {name: (mine[name], theirs[name]) for name in mine})


def require_scored_as(place: str, objective: ObjectiveConfig, key: ScoreKey) -> None:
    """Raise InputError, naming the fields that differ, unless a training with `objective` has scores of this key."""
    pairs: dict[str, tuple[object, object]] = {
        "extractor": (objective.extractor, key.extractor),
        "num_generated": (objective.num_samples, key.num_generated),
        "split": (objective.split, key.split),
        "precision": (objective.precision, key.precision),
    }
    if objective.dims is not None:
        pairs["dims"] = (objective.dims, key.dims)
    _require_equal(place, pairs)


def require_same_images(location: str, record: ObjectiveRecord, identity: str, num_train: int) -> None:
    """Raise InputError unless a data set's images are those that the objective of a run folder was made from.

    Args:
        location: the run folder.
        record: the objective of the run folder.
        identity: name, size and content of the data set, in one word.
        num_train: images in the data set's train part.
    """
    if identity != record.key.dataset:
        before = record.num_train_images
        numbers = (
            f"{num_train:,} to learn in place of {before:,}"
            if num_train != before
            else f"as many, {num_train:,}, to learn"
        )
        raise InputError(
            f"{location}: a study needs the images that it began with, but got others ({numbers}; {identity}, and it "
            f"began with {record.key.dataset}); put the data set's files back as they were and run the command again, "
            "or begin a new study with another --out"
        )


def _require_equal(place: str, pairs: dict[str, tuple[object, object]]) -> None:
    different = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if different:
        fields = ", ".join(f"{name}={mine} and {theirs}" for name, (mine, theirs) in different.items())
        raise InputError(
            f"{place}: scores are compared only if all fields of their keys are equal, but got {fields}; "
            "keep trials of another objective in a separate run folder"
        )
