"""One arm of a study, with what the study's shared sections give it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gan_study.config.arms.parameters import Parameter, assignments, decided_names
from gan_study.config.base import KeyPath, Scalar
from gan_study.config.conditions import DECIDING, requirement
from gan_study.config.groups import is_group
from gan_study.config.hyperparameters import PARTS
from gan_study.config.names import CONDITIONS
from gan_study.config.space import SearchRange, ranges_of
from gan_study.config.study import ArmConfig, StudyConfig


@dataclass(frozen=True, eq=False)
class Arm:
    """An arm's fixed values and search space, computed once."""

    study: StudyConfig
    name: str

    @property
    def config(self) -> ArmConfig:
        """The arm's section of the study."""
        return self.study.arms[self.name]

    @cached_property
    def own_fixed(self) -> Mapping[str, Scalar]:
        """Hyperparameters that the arm's own section fixes, by dotted name."""
        return self.config.dotted()

    @cached_property
    def fixed(self) -> Mapping[str, Scalar]:
        """Hyperparameters that are not searched, by dotted name: the study's defaults, then the arm's own."""
        decided = decided_names(self.own_fixed)
        shared = self.study.defaults.dotted()
        return {**{name: value for name, value in shared.items() if name not in decided}, **self.own_fixed}

    def place_of_fixed(self, name: str) -> KeyPath:
        """Path of a fixed value in the study file: in the arm or in the defaults; empty if the file gives none."""
        if name in self.own_fixed:
            return ("arms", self.name, *name.split("."))
        return ("defaults", *name.split(".")) if name in self.study.defaults.dotted() else ()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The arm's search space: the study's ranges that the arm neither fixes nor replaces, and the arm's own ranges.

        The conditions come first, the rest in the order of the file. Ranges that can never exist, given the arm's fixed
        and searched values, are left out.
        """
        return tuple(p for p in self.declared_parameters if any(p.is_active(values) for values in self.assignments))

    @cached_property
    def declared_parameters(self) -> tuple[Parameter, ...]:
        """`parameters`, plus those that can never exist."""
        own = self.config.search_space
        # An arm's own range takes the place of the study's.
        parts = self.parts
        decided = decided_names(self.own_fixed, parts) | decided_names(own, parts)
        shared = {name: ranges for name, ranges in self.study.search_space.items() if name not in decided}
        found = []
        for name, ranges in {**shared, **own}.items():
            path: KeyPath = ("arms", self.name, "search_space", name) if name in own else ("search_space", name)
            several, required = isinstance(ranges, tuple), requirement(name, self.study.code)
            for number, search_range in enumerate(ranges_of(ranges)):
                label = f"{name}[{_short(search_range, number)}]" if several else name
                place = (*path, number) if several else path
                found.append(Parameter(name, label, search_range, place, required))
        return tuple(sorted(found, key=_condition_number))

    @cached_property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """The hyperparameters that each group and each shorthand sets."""
        spaces = {**self.study.search_space, **self.config.search_space}
        groups = {name: Parameter(name, name, ranges_of(ranges)[0], ()).parts for name, ranges in spaces.items()}
        return {**{name: parts for name, parts in groups.items() if is_group(name)}, **PARTS}

    @cached_property
    def assignments(self) -> tuple[dict[str, Scalar], ...]:
        """Every combination of the searched conditions' values, each with the arm's fixed values."""
        return tuple(assignments(self.declared_parameters, self.fixed))


def arms_of(study: StudyConfig) -> tuple[Arm, ...]:
    """All arms of a study, in the order of its file."""
    return tuple(Arm(study, name) for name in study.arms)


def _condition_number(parameter: Parameter) -> int:
    """The place of a condition among all conditions; whatever is none comes after them."""
    last = len(CONDITIONS) if parameter.is_condition else len(DECIDING)
    return min((CONDITIONS.index(name) for name in parameter.parts if name in CONDITIONS), default=last)


def _short(search_range: SearchRange, number: int) -> str:
    parts = (
        f"{name}={'|'.join(map(str, wanted)) if isinstance(wanted, tuple) else wanted}"
        for name, wanted in search_range.when.items()
    )
    return ",".join(parts) or str(number)
