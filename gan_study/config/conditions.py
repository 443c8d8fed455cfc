"""Hyperparameters that exist only under certain losses, penalties, networks or optimizers."""

from collections.abc import Mapping

from gan_study.config.base import Scalar
from gan_study.config.names import (
    CONVOLUTIONAL,
    LAZY_PENALTIES,
    SMOOTHED_LOSSES,
    WEIGHTED_PENALTIES,
    ConditionName,
)

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
_DEFAULTS: dict[str, Scalar] = {"penalty": "none", "optimizer": "adam"}
"""Defaults of the conditions that a training may leave out."""


def requirement(name: str) -> tuple[str, tuple[str, ...]]:
    """The condition that a hyperparameter depends on, and the condition's values under which it exists."""
    return _REQUIREMENTS[name]


def has_effect(name: str, values: Mapping[str, Scalar]) -> bool:
    """Return True if a hyperparameter has an effect under the conditions in `values` (dotted names)."""
    if name not in _REQUIREMENTS:
        return True
    condition, wanted = _REQUIREMENTS[name]
    return values.get(condition, _DEFAULTS.get(condition)) in wanted


def conditions_hold(when: Mapping[ConditionName, Scalar | tuple[Scalar, ...]], values: Mapping[str, Scalar]) -> bool:
    """Return True if every condition of `when` has its value, or one of its values, in `values`."""
    for condition, wanted in when.items():
        value = values.get(condition, _DEFAULTS.get(condition))
        if value not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return False
    return True
