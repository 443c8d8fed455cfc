"""The dimensions of an arm's search, and under which of its choices each of them exists."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from gan_study.config.base import Scalar
from gan_study.config.conditions import applies, holds
from gan_study.config.names import CONDITIONS
from gan_study.config.reading.source import KeyPath
from gan_study.config.space import Choice, SearchRange, ranges_of
from gan_study.config.study import StudyConfig


@dataclass(frozen=True)
class Parameter:
    """One range over one hyperparameter."""

    name: str
    """Of the hyperparameter, dotted."""
    label: str
    """The name under which the sampler knows it: with its condition, where a hyperparameter has several ranges."""
    range: SearchRange
    """What is drawn from."""
    path: KeyPath
    """Where the study file gives it."""

    def is_active(self, values: Mapping[str, Scalar]) -> bool:
        """Whether it exists, given the values (by dotted name) of what is fixed and of what was drawn before."""
        return applies(self.name, values) and holds(self.range.when, values)


PARTS: Mapping[str, tuple[str, ...]] = {"lr": ("g_lr", "d_lr"), "betas": ("beta1", "beta2")}
"""Hyperparameters that stand for others: they set all of these."""


def covered(names: Collection[str]) -> set[str]:
    """The hyperparameters that some names settle: themselves, their parts, and what all parts of are among them."""
    parts = {part for name in names for part in PARTS.get(name, ())}
    return {*names, *parts, *(name for name, parts in PARTS.items() if set(parts) <= set(names))}


def fixed_values(study: StudyConfig, arm: str) -> dict[str, Scalar]:
    """The dotted hyperparameters of an arm that are not searched: the study's defaults, then the arm's own."""
    own = study.arms[arm].dotted()
    settled = covered(own)
    return {**{name: value for name, value in study.defaults.dotted().items() if name not in settled}, **own}


def arm_parameters(study: StudyConfig, arm: str) -> tuple[Parameter, ...]:
    """What one arm searches: the study's ranges, less what the arm fixes, with the arm's own instead.

    What others depend on comes first, the rest in the order of the file. Ranges that never exist under what the
    arm fixes and searches are left out.
    """
    declared = declared_parameters(study, arm)
    assignments = list(condition_assignments(study, arm))
    return tuple(p for p in declared if any(p.is_active(values) for values in assignments))


def declared_parameters(study: StudyConfig, arm: str) -> tuple[Parameter, ...]:
    """`arm_parameters`, with those that never exist."""
    fixed, own = study.arms[arm].dotted(), study.arms[arm].search_space
    # An arm's own range takes the place of the study's.
    settled = covered(fixed) | covered(own)
    shared = {name: ranges for name, ranges in study.search_space.items() if name not in settled}
    found = []
    for name, ranges in {**shared, **own}.items():
        path: KeyPath = ("arms", arm, "search_space", name) if name in own else ("search_space", name)
        several = isinstance(ranges, tuple)
        for number, search_range in enumerate(ranges_of(ranges)):
            label = f"{name}[{_short(search_range, number)}]" if several else name
            found.append(Parameter(name, label, search_range, (*path, number) if several else path))
    return tuple(sorted(found, key=lambda p: CONDITIONS.index(p.name) if p.name in CONDITIONS else len(CONDITIONS)))


def condition_assignments(study: StudyConfig, arm: str) -> Iterator[dict[str, Scalar]]:
    """Every way in which the arm's searched conditions can turn out, each with the arm's fixed values."""
    return assignments(declared_parameters(study, arm), fixed_values(study, arm))


def assignments(parameters: Iterable[Parameter], fixed: Mapping[str, Scalar]) -> Iterator[dict[str, Scalar]]:
    """Every way in which the conditions among some parameters can turn out, each with the fixed values."""
    searched = {p.name: p.range.choice for p in parameters if p.name in CONDITIONS and isinstance(p.range, Choice)}
    for values in product(*searched.values()):
        yield {**fixed, **dict(zip(searched, values, strict=True))}


def _short(search_range: SearchRange, number: int) -> str:
    parts = (
        f"{name}={'|'.join(map(str, wanted)) if isinstance(wanted, tuple) else wanted}"
        for name, wanted in search_range.when.items()
    )
    return ",".join(parts) or str(number)
