"""Check if the best values lie at the edge of their ranges, beyond which better ones may lie."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from gan_study.analysis.confirmed_arm import ConfirmedArm, represented_by
from gan_study.analysis.health.finding import HealthFinding
from gan_study.analysis.health.seed_noise import SeedNoise, seed_noise
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.search_samples import place_in_range
from gan_study.analysis.sentences.number_text import listed, number
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, resolve_training
from gan_study.config.base import KeyPath, Scalar
from gan_study.config.search.population import scheduled_names
from gan_study.config.space import (
    Choice,
    IntegerRange,
    LogUniformRange,
    SearchRange,
    UniformRange,
    range_kind,
    range_text,
    ranges_of,
)
from gan_study.runs.records.status import TrialState

EDGE = 0.05
"""A value in this outer share of its range, on the scale of the draws, lies at the edge."""
_INSIDE = 0.25
"""A value farther from the edge than this share of the range lies inside."""
_STEPS = (0.5, 0.25, 0.125, 0.0625)
"""Shares of a range's width by which it is widened: the first one that gives an allowed value."""
_FEWEST_STEPS = 3
"""A range of whole numbers with fewer steps is mostly edge."""
_FEWEST_INSIDE = 2
"""Ended trials inside the range without which the edge was not compared with anything."""


@dataclass(frozen=True)
class _Edge:
    """A best value at the edge of its range."""

    text: str
    path: KeyPath
    end: int
    """0 for the lower end, 1 for the upper one."""
    wider: float | int
    """The end of a wider range."""
    doubt: str
    """The reason why the edge may be chance; empty if trials inside the range are worse by more than seeds scatter."""


def edge_findings(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> list[HealthFinding]:
    """Find the best values at the edge of a range of numbers; a choice has no edge.

    An edge is serious if every trial inside the range scored worse than the best by more than seeds scatter. It is left
    out if no wider range is allowed, as below a beta of 0.
    """
    edges = [edge for arm in run.arms for edge in _edges(run, Arm(run.study, arm), confirmed.get(arm))]
    if not edges:
        return [HealthFinding("edges", "fine", "No best value lies at the edge of a range that could be wider.")]
    sure, doubtful = [e for e in edges if not e.doubt], [e for e in edges if e.doubt]
    found = []
    if sure:
        text = f"Better values may lie beyond the ranges: {listed([e.text for e in sure])}."
        found.append(HealthFinding("edges", "serious", text, _settings(run, sure)))
    if doubtful:
        text = f"At the edge of a range, but perhaps by chance: {listed([f'{e.text} ({e.doubt})' for e in doubtful])}."
        found.append(HealthFinding("edges", "note", text, _settings(run, doubtful)))
    return found


def _edges(run: RunData, arm: Arm, confirmed: ConfirmedArm | None) -> list[_Edge]:
    trials = run.searched_trials(arm.name)
    best = represented_by(run, arm.name, confirmed)
    if best is None or best.state is not TrialState.COMPLETED:
        return []
    noise = seed_noise([t.score for t in confirmed.trials]) if confirmed else None
    values = {**arm.fixed, **best.config.searched}
    others = [(t, {**arm.fixed, **t.config.searched}) for t in trials if t.state.is_final and t is not best]
    moving = scheduled_names(arm) if run.study.search.scheduler == "pbt" else ()
    num_images = run.objective.num_train_images if run.objective else ASSUMED_TRAIN_IMAGES
    found = []
    for parameter in arm.parameters:
        place = _place(parameter, values) if parameter.name not in moving else None
        if place is None or EDGE < place < 1 - EDGE:
            continue
        end = round(min(1.0, max(0.0, place)))
        wider = _wider(arm, parameter, best.config.searched, end, num_images)
        if wider is None:
            continue
        text = f"{parameter.name} of {arm.name} is {number(values[parameter.name])} in {range_text(parameter.range)}"
        doubt = _doubt(parameter, end, best, others, noise)
        found.append(_Edge(text, parameter.path, end, wider, doubt))
    return found


def _place(parameter: Parameter, values: Mapping[str, Scalar]) -> float | None:
    """The place of a value in its range on the scale of the draws: 0 to 1, and beyond for a paper's value outside it.

    None for a choice, for whole numbers of which only a few are allowed, and if the parameter does not exist.
    """
    value = values.get(parameter.name)
    if value is None or isinstance(parameter.range, Choice) or not parameter.is_active(values):
        return None
    match parameter.range:
        case IntegerRange(integer=(first, last)) if last - first < _FEWEST_STEPS:
            return None
    return place_in_range(parameter.range, value)


def _doubt(
    parameter: Parameter,
    end: int,
    best: TrialData,
    others: Sequence[tuple[TrialData, Mapping[str, Scalar]]],
    noise: SeedNoise | None,
) -> str:
    """The reason why a best value at an edge may be chance; empty if there is none.

    others: the other ended trials, each with its fixed and searched values.
    """
    places = [(trial, _place(parameter, values)) for trial, values in others]
    inside = [trial for trial, place in places if place is not None and abs(place - end) > _INSIDE]
    if len(inside) < _FEWEST_INSIDE:
        return "hardly a trial inside the range to compare with"
    if noise is None or best.score is None:
        return "the scatter of seeds is unknown"
    scored = [(t.name, t.score) for t in inside if t.state is TrialState.COMPLETED and t.score is not None]
    equals = [name for name, score in scored if noise.is_within(score, best.score)]
    return f"{listed(equals[:3])} inside it may be as good but for the seed" if equals else ""


def _wider(
    arm: Arm, parameter: Parameter, searched: Mapping[str, Scalar], end: int, num_images: int
) -> float | int | None:
    """The end of the widest of a few wider ranges that a training may have; None if there is none."""
    value = searched[parameter.name]
    for step in _STEPS:
        wider = _moved(parameter.range, end, step)
        if isinstance(value, int | float):  # A paper's value may already lie beyond the range.
            wider = min(wider, value) if end == 0 else max(wider, value)
        try:
            resolve_training(arm, {**searched, parameter.name: wider}, seed=0, num_train_images=num_images)
        except ValidationError:
            continue
        return wider
    return None


def _moved(search_range: SearchRange, end: int, step: float) -> float | int:
    sign = 1 if end else -1
    match search_range:
        case LogUniformRange(log_uniform=ends):
            return float(f"{ends[end] * (ends[1] / ends[0]) ** (sign * step):.1g}")
        case UniformRange(uniform=ends):
            return float(f"{ends[end] + sign * step * (ends[1] - ends[0]):.2g}")
        case IntegerRange(integer=whole):
            return whole[end] + sign * max(1, round(step * (whole[1] - whole[0])))
        case Choice():
            raise AssertionError("a choice has no edge")


def _settings(run: RunData, edges: list[_Edge]) -> tuple[str, ...]:
    """The widened ranges as values of `--set`; a hyperparameter with several ranges is given as a whole."""
    wider: dict[KeyPath, dict[int, list[float | int]]] = {}
    for edge in edges:
        path, number_of = (edge.path[:-1], int(edge.path[-1])) if isinstance(edge.path[-1], int) else (edge.path, 0)
        ranges = _ranges(run, path)
        all_ends = wider.setdefault(path, {})
        kind = range_kind(ranges[number_of])
        ends = all_ends.setdefault(number_of, list(getattr(ranges[number_of], kind)))
        ends[edge.end] = max(ends[1], edge.wider) if edge.end else min(ends[0], edge.wider)
    settings = []
    for path, all_ends in wider.items():
        ranges = _ranges(run, path)
        name = ".".join(map(str, path))
        if len(ranges) == 1:
            settings.append(f"{name}.{range_kind(ranges[0])}={json.dumps(all_ends[0])}")
            continue
        whole = [each.model_dump(mode="json", exclude_defaults=True) for each in ranges]
        for number_of, ends in all_ends.items():
            whole[number_of][range_kind(ranges[number_of])] = ends
        settings.append(f"{name}={json.dumps(whole)}")
    return tuple(settings)


def _ranges(run: RunData, path: KeyPath) -> tuple[SearchRange, ...]:
    name = str(path[-1])
    space = run.study.arms[str(path[1])].search_space if path[0] == "arms" else run.study.search_space
    return ranges_of(space[name])
