"""A second synthetic study beside that of `synthetic_run`: a comparison of both is fair, and has a known winner."""

from typing import Any

from gan_study.runs.folder import RunFolder
from support.synthetic_run import COMPLETED, DIVERGED, STUDY, Outcome, write_synthetic_run

SECOND: dict[str, Any] = {
    **STUDY,
    "name": "hinge_study",
    "description": "Hinge, with a penalty.",
    "arms": {"lsgan": STUDY["arms"]["lsgan"], "hinge": {"network": "dcgan", "loss": "hinge", "penalty": "r1"}},
    "search": {"sampler": "random", "scheduler": "none"},
}
SECOND_SEARCH = {
    "lsgan": tuple(Outcome(COMPLETED, score) for score in (15.0, 13.0, 13.2, 20.0, 12.0)),
    "hinge": tuple(Outcome(COMPLETED, score) for score in (9.0, 7.0, 8.0, 20.0, 13.5)),
}
SECOND_CONFIRM = {
    "lsgan": (*(Outcome(COMPLETED, s) for s in (12.5, 13.0, 12.2, 12.8)), Outcome(DIVERGED, None, kimg=20)),
    "hinge": tuple(Outcome(COMPLETED, score) for score in (5.5, 5.2, 6.0, 5.9, 5.7)),
}
"""The best of all arms is hinge: each seed lies below every other arm's. None is a training of the first study, whose
lsgan confirms another configuration."""


def changed(study: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A study with other values, by dotted name with `__` for the dot."""
    result = dict(study)
    for name, value in changes.items():
        section, _, key = name.partition("__")
        result[section] = {**result.get(section, {}), key: value} if key else value
    return result


def write_second_run(location: str, **changes: Any) -> RunFolder:
    """Write the second study's run folder; `changes` are those of `write_synthetic_run`."""
    values = {"study": SECOND, "search": SECOND_SEARCH, "confirm": SECOND_CONFIRM, **changes}
    return write_synthetic_run(location, **values)
