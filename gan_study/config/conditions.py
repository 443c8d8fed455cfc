"""Hyperparameters that exist only under certain losses, penalties, networks or optimizers."""

from collections.abc import Mapping, Sequence

from gan_study.config.base import Scalar
from gan_study.config.hyperparameters import HYPERPARAMETERS
from gan_study.config.names import (
    CONDITIONS,
    CONVOLUTIONAL,
    LAZY_PENALTIES,
    NETWORKS,
    SMOOTHED_LOSSES,
    WEIGHTED_PENALTIES,
    ConditionName,
)
from gan_study.config.own.parts import CONDITION_OF, CodeFile, own_names_in, own_parts

_REQUIREMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "penalty_weight": ("penalty", WEIGHTED_PENALTIES),
    "penalty_every": ("penalty", LAZY_PENALTIES),
    "clip_value": ("penalty", ("weight_clip",)),
    "label_smoothing": ("loss", SMOOTHED_LOSSES),
    "betas": ("optimizer", ("adam",)),
    "beta1": ("optimizer", ("adam",)),
    "network.upsample": ("network.name", CONVOLUTIONAL),
    "network.attention": ("network.name", CONVOLUTIONAL),
}
DECIDING = (*CONDITIONS, "augment")
"""Hyperparameters that decide which others exist; `augment` does so by its own augmentations."""
_DEFAULTS: dict[str, Scalar] = {"penalty": "none", "optimizer": "adam"}
"""Defaults of the conditions that a training may leave out."""


Requirement = tuple[str, tuple[str, ...]]
"""A condition, and its values under which a hyperparameter exists."""


def requirement(name: str, code: Sequence[CodeFile] = ()) -> Requirement | None:
    """The condition that a hyperparameter depends on, in a study with this code; None if it always exists.

    The settings of a network exist in all networks of ours; a parameter of own parts exists in those that have it. An
    own penalty has a weight and may be lazy, as penalties of gradients do.
    """
    condition, wanted = _REQUIREMENTS.get(name, ("", ()))
    if not code:
        return (condition, wanted) if condition else None
    kind, _, leaf = name.partition(".")
    if leaf and kind in CONDITION_OF and name not in CONDITION_OF.values():
        ours = wanted or (NETWORKS if name in HYPERPARAMETERS else ())
        owners = (part_name for part_name, part in own_parts(code, kind).items() if leaf in part.parameters)
        return CONDITION_OF[kind], (*ours, *owners)
    if name in ("penalty_weight", "penalty_every"):
        wanted = (*wanted, *own_parts(code, "penalty"))
    return (condition, wanted) if condition else None


def is_met(required: Requirement | None, values: Mapping[str, Scalar]) -> bool:
    """Return True if the conditions in `values` (dotted names) meet a requirement."""
    if required is None:
        return True
    value = values.get(required[0], _DEFAULTS.get(required[0]))
    return value in required[1] or any(name in required[1] for name in own_names_in(value))


def has_effect(name: str, values: Mapping[str, Scalar], code: Sequence[CodeFile] = ()) -> bool:
    """Return True if a hyperparameter has an effect under the conditions in `values` (dotted names)."""
    return is_met(requirement(name, code), values)


def conditions_hold(when: Mapping[ConditionName, Scalar | tuple[Scalar, ...]], values: Mapping[str, Scalar]) -> bool:
    """Return True if every condition of `when` has its value, or one of its values, in `values`."""
    for condition, wanted in when.items():
        value = values.get(condition, _DEFAULTS.get(condition))
        if value not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return False
    return True
