"""The dimensions of an arm's search, and the conditions under which each of them exists."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from gan_study.config.base import KeyPath, Scalar
from gan_study.config.conditions import Requirement, conditions_hold, is_met
from gan_study.config.hyperparameters import PARTS
from gan_study.config.names import CONDITIONS
from gan_study.config.space import Choice, SearchRange


@dataclass(frozen=True)
class Parameter:
    """One range over one hyperparameter."""

    name: str
    """The hyperparameter's dotted name."""
    label: str
    """The sampler's name for it, which includes the condition if the hyperparameter has several ranges."""
    range: SearchRange
    """The range that its values are drawn from."""
    path: KeyPath
    """The range's place in the study file."""
    requirement: Requirement | None = None
    """The condition under which the hyperparameter exists; None if it always does."""

    def is_active(self, values: Mapping[str, Scalar]) -> bool:
        """Return True if it exists under `values`, the fixed ones and those drawn before it, by dotted name."""
        return is_met(self.requirement, values) and conditions_hold(self.range.when, values)


def decided_names(names: Collection[str]) -> set[str]:
    """All hyperparameters that `names` determine: themselves, their parts, and shorthands whose parts they all
    include."""
    parts = {part for name in names for part in PARTS.get(name, ())}
    return {*names, *parts, *(name for name, parts in PARTS.items() if set(parts) <= set(names))}


def assignments(parameters: Iterable[Parameter], fixed: Mapping[str, Scalar]) -> Iterator[dict[str, Scalar]]:
    """Every combination of values of the conditions among some parameters, each with the fixed values."""
    searched = {p.name: p.range.choice for p in parameters if p.name in CONDITIONS and isinstance(p.range, Choice)}
    for values in product(*searched.values()):
        yield {**fixed, **dict(zip(searched, values, strict=True))}
