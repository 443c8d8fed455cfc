"""A training's hyperparameters as one list of names and values, for cards and trackers."""

from gan_study.config.base import Scalar
from gan_study.config.training import TrainingConfig

_NO_HYPERPARAMETERS = {"dataset", "objective"}


def flat_training(training: TrainingConfig) -> dict[str, Scalar]:
    """What a training was told, by dotted name (`network.width`), without its data set, its objective and what does
    not exist in it."""
    flat: dict[str, Scalar] = {}
    for key, value in training.model_dump(exclude=_NO_HYPERPARAMETERS).items():
        parts = {f"{key}.{part}": inner for part, inner in value.items()} if isinstance(value, dict) else {key: value}
        flat.update({name: inner for name, inner in parts.items() if inner is not None})
    return flat
