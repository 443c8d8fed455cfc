"""Pareto fronts of the trials of a search with several objectives, for each arm and over all arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.config.names import MAXIMISED, SearchObjectiveName
from gan_study.runs.records.status import TrialState

_T = TypeVar("_T")


@dataclass(frozen=True)
class ParetoPoint:
    """One completed search trial."""

    arm: str
    trial: str
    values: dict[str, float]
    """Values by objective, with their original sign."""


@dataclass(frozen=True)
class ParetoSummary:
    """The Pareto fronts of a search with several objectives. Every list is sorted by score, the lowest first."""

    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    """`minimise` or `maximise` for each objective."""
    arms: dict[str, tuple[ParetoPoint, ...]]
    """Each arm's own front."""
    overall: tuple[ParetoPoint, ...]
    """The front over all arms together."""
    num_left_out: int
    """Search trials that ended without a value for every objective. They are on no front."""


def pareto_front(values: Sequence[Mapping[str, float]]) -> tuple[int, ...]:
    """Positions of the trials that no other trial dominates, in their order.

    values: one mapping for each trial, all with the same objectives. A trial dominates another if it is at least as
    good in all objectives and better in one, so equal trials are on the front together.
    """
    costs = [tuple(-v if name in MAXIMISED else v for name, v in sorted(each.items())) for each in values]
    front: list[tuple[float, ...]] = []
    for own in sorted(set(costs)):  # A trial that dominates another comes before it.
        if not any(_dominates(other, own) for other in front):
            front.append(own)
    on_front = set(front)
    return tuple(i for i, own in enumerate(costs) if own in on_front)


def front_first(trials: Sequence[_T], values: Sequence[Mapping[str, float]]) -> list[_T]:
    """Sort trials so that those on the Pareto front come first, and keep their order otherwise.

    values: the values of each trial by objective.
    """
    front = set(pareto_front(values))
    return [trials[i] for i in sorted(range(len(trials)), key=lambda position: position not in front)]


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def known_values(trial: TrialData) -> dict[SearchObjectiveName, float | None]:
    """A trial's values at its end, by objective."""
    coverage = trial.evaluations[-1].coverage if trial.evaluations else None
    return {"score": trial.score, "coverage": coverage.value if coverage else None, "device_sec": trial.device_sec}


def objective_values(trial: TrialData, names: Sequence[SearchObjectiveName]) -> dict[str, float] | None:
    """A trial's values by objective; None if one is missing or the trial has not completed."""
    if trial.state is not TrialState.COMPLETED:
        return None
    known = known_values(trial)
    values: dict[str, float] = {name: value for name in names if (value := known[name]) is not None}
    return values if len(values) == len(names) else None


def pareto_points(run: RunData, arm: str) -> tuple[ParetoPoint, ...]:
    """An arm's completed search trials with a value for every objective, sorted by score."""
    found = [
        ParetoPoint(arm, trial.name, values)
        for trial in run.searched_trials(arm)
        if (values := objective_values(trial, run.study.search.objectives)) is not None
    ]
    return tuple(sorted(found, key=lambda point: point.values["score"]))


def summarise_pareto(run: RunData) -> ParetoSummary | None:
    """The fronts of a run; None if its search has one objective."""
    names = run.study.search.objectives
    if len(names) == 1:
        return None
    points = {arm: pareto_points(run, arm) for arm in run.arms}
    everything = sorted((p for found in points.values() for p in found), key=lambda point: point.values["score"])
    num_ended = sum(t.state.is_final for arm in run.arms for t in run.searched_trials(arm))
    return ParetoSummary(
        objectives=names,
        directions=tuple("maximise" if name in MAXIMISED else "minimise" for name in names),
        arms={arm: _on_front(found) for arm, found in points.items()},
        overall=_on_front(everything),
        num_left_out=num_ended - len(everything),
    )


def _on_front(points: Sequence[ParetoPoint]) -> tuple[ParetoPoint, ...]:
    return tuple(points[i] for i in pareto_front([point.values for point in points]))
