"""A training's hyperparameters as one list of names and values, for cards and trackers."""

from collections.abc import Mapping

from gan_study.config.base import Scalar, flatten
from gan_study.config.groups import expanded, is_group, leaves
from gan_study.config.training import TrainingConfig
from gan_study.config.values.schedule import ScheduleEntry

_NO_HYPERPARAMETERS = {"dataset", "objective", "code", "own"}


def flat_training(training: TrainingConfig) -> dict[str, Scalar]:
    """The hyperparameters of a training by dotted name (`network.width`), without its data set and its objective.

    Hyperparameters that do not exist in it are left out. A schedule is one text, such as
    `from 10 kimg on: g_lr 0.001, ...`.
    """
    values = training.model_dump(exclude=_NO_HYPERPARAMETERS)
    values["schedule"] = "; ".join(map(_entry_text, training.schedule)) or None
    return {**{name: value for name, value in flatten(values) if value is not None}, **training.own}


def searched_names(searched: Mapping[str, Scalar]) -> frozenset[str]:
    """The names in `flat_training` of searched values, with the parts of shorthands and groups in their place."""
    return frozenset(leaves([name for name in expanded(searched) if not is_group(name)]))


def _entry_text(entry: ScheduleEntry) -> str:
    changed = ", ".join(f"{name} {value:g}" for name, value in entry.model_dump(exclude={"from_kimg"}).items())
    return f"from {entry.from_kimg:g} kimg on: {changed}"
