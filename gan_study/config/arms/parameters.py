"""The dimensions of an arm's search, and the conditions under which each of them exists."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from gan_study.config.base import KeyPath, Scalar
from gan_study.config.conditions import Requirement, conditions_hold, is_met
from gan_study.config.groups import expanded, group_values, is_group, leaves
from gan_study.config.hyperparameters import PARTS
from gan_study.config.names import CONDITIONS
from gan_study.config.own.parts import own_names_in
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

    @property
    def parts(self) -> tuple[str, ...]:
        """The hyperparameters that it sets, with the parts of shorthands in their place."""
        if is_group(self.name) and isinstance(self.range, Choice):
            return leaves(tuple(group_values(str(self.range.choice[0]))))
        return leaves((self.name,))

    @property
    def is_condition(self) -> bool:
        """True if other hyperparameters may depend on it, for which `augment` needs an own augmentation."""
        if not isinstance(self.range, Choice) or "augment" not in self.parts:
            return not set(CONDITIONS).isdisjoint(self.parts)
        augmentations = (expanded({self.name: value}).get("augment") for value in self.range.choice)
        return not set(CONDITIONS).isdisjoint(self.parts) or any(map(own_names_in, augmentations))

    def is_active(self, values: Mapping[str, Scalar]) -> bool:
        """Return True if it exists under `values`, the fixed ones and those drawn before it, by dotted name."""
        values = expanded(values)
        return is_met(self.requirement, values) and conditions_hold(self.range.when, values)


def decided_names(names: Collection[str], parts: Mapping[str, Collection[str]] = PARTS) -> set[str]:
    """All hyperparameters that `names` determine: themselves, their parts, and shorthands and groups whose parts they
    all include.

    parts: the parts of shorthands and groups.
    """
    found = {*names, *(part for name in names for part in parts.get(name, ()))}
    return found | {name for name, each in parts.items() if set(each) <= found}


def overlap(one: str, other: str, parts: Mapping[str, Collection[str]]) -> bool:
    """Return True if two names set the same hyperparameter; `parts` are those of shorthands and groups."""
    return not set(parts.get(one, (one,))).isdisjoint(parts.get(other, (other,)))


def assignments(parameters: Iterable[Parameter], fixed: Mapping[str, Scalar]) -> Iterator[dict[str, Scalar]]:
    """Every combination of values of the conditions among some parameters, each with the fixed values."""
    searched = {p.name: p.range.choice for p in parameters if p.is_condition and isinstance(p.range, Choice)}
    for values in product(*searched.values()):
        yield expanded({**fixed, **dict(zip(searched, values, strict=True))})
