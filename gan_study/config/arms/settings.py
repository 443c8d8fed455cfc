"""All hyperparameters of an arm, as the plan and the report show them."""

from dataclasses import dataclass

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.arms.resolved_training import (
    ASSUMED_TRAIN_IMAGES,
    first_trial_values,
    resolve_training,
    value_at,
)
from gan_study.config.base import Scalar
from gan_study.config.conditions import DECIDING
from gan_study.config.groups import expanded
from gan_study.config.hyperparameters import HYPERPARAMETERS
from gan_study.config.own.parts import is_own
from gan_study.config.search.sampling import drawn_at_random
from gan_study.config.space import contains

TITLE_NAMES = ("loss", "penalty", "network.name")
"""Hyperparameters that an arm's title shows."""


@dataclass(frozen=True)
class ArmSettings:
    """Fixed and searched hyperparameters of one arm."""

    name: str
    fixed: dict[str, Scalar]
    """Hyperparameters that no trial varies, by dotted name: the study's, else the paper's."""
    searched: tuple[Parameter, ...]
    """The arm's search space."""
    first_trial: dict[str, Scalar] | None
    """Values of the searched hyperparameters in the first trial; None if it is sampled like the others."""
    drawn_at_random: tuple[str, ...]
    """Labels of the parameters that the study's sampler cannot learn and draws at random in every trial."""

    @property
    def title(self) -> str:
        """The arm's name, loss, penalty and network; searched ones are marked."""
        parts = [str(self.fixed["loss"])] if "loss" in self.fixed else []
        if self.fixed.get("penalty", "none") != "none":
            parts.append(f"penalty {self.fixed['penalty']}")
        parts += [str(self.fixed["network.name"])] if "network.name" in self.fixed else []
        names = {part for p in self.searched for part in p.parts}
        parts += [f"searched {name}" for name in TITLE_NAMES if name in names]
        return f"{self.name}: {', '.join(parts)}"

    @property
    def outside(self) -> tuple[str, ...]:
        """Names whose value in the first trial is outside the range: the trial uses it, the sampler does not learn from
        it."""
        values = self.first_trial or {}
        active = [p for p in self.searched if p.name in values and p.is_active({**self.fixed, **values})]
        return tuple(p.name for p in active if not contains(p.range, values[p.name]))


def arm_settings(arm: Arm) -> ArmSettings:
    """The settings of an arm: its search space, and every other hyperparameter with its default filled in."""
    first = first_trial_values(arm)
    conditions = {name: value for name, value in expanded(first).items() if name in DECIDING}
    training = resolve_training(arm, conditions, seed=0, num_train_images=ASSUMED_TRAIN_IMAGES)
    # A shorthand or a group is never shown with its parts. Only a width lets its parts be None, and then decides them.
    left_out = {p.name for p in arm.parameters}
    for both, parts in arm.parts.items():
        if both in left_out:
            left_out |= set(parts)
        elif all(part in left_out or value_at(training, part) is not None for part in parts):
            left_out.add(both)
    names = [*HYPERPARAMETERS, *training.own]
    if is_own(training.network.name):
        names = [name for name in names if name in (*training.own, "network.name") or "." not in name]
    values = {name: value_at(training, name) for name in names if name not in left_out}
    return ArmSettings(
        name=arm.name,
        fixed={name: value for name, value in values.items() if value is not None},
        searched=arm.parameters,
        first_trial=first if arm.study.search.first_trial == "paper_defaults" else None,
        drawn_at_random=drawn_at_random(arm),
    )
