"""A check that the packages of a study's trackers are installed. Imports none of them, nor Ray."""

from collections.abc import Sequence
from importlib.util import find_spec

from gan_study.config.names import TrackerName
from gan_study.errors import InputError

PACKAGES: dict[TrackerName, str] = {"mlflow": "mlflow", "tensorboard": "tensorboardX", "wandb": "wandb"}


def require_trackers(trackers: Sequence[TrackerName]) -> None:
    """Raise InputError that names all missing packages, unless every tracker's package is installed here."""
    missing = missing_packages(trackers)
    if missing:
        raise InputError(missing)


def missing_packages(trackers: Sequence[TrackerName]) -> list[str]:
    """Return one message for each tracker whose package is not installed here."""
    missing = [name for name in dict.fromkeys(trackers) if find_spec(PACKAGES[name]) is None]
    return [
        f"trackers: {name} needs its package, but got no package named {PACKAGES[name]}; install it with "
        f"`pip install 'gan_study[{name}]'`, or remove {name}"
        for name in missing
    ]
