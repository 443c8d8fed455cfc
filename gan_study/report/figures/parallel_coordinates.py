"""Parallel coordinates of one arm's search: a line for each trial from its hyperparameters to its score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from gan_study.analysis.run_data import RunData, TrialData, best_first
from gan_study.analysis.sentences.number_text import number
from gan_study.analysis.statistics.failures import counted_scores
from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.config.space import SearchRange, extremes
from gan_study.report.figures.figure_data import Scale, scale_of
from gan_study.report.figures.figure_style import NEUTRAL, ArmStyle, label, new_figure, short_label, style_axes
from gan_study.report.figures.score_axis import log_ticks
from gan_study.report.score_notes import score_name
from gan_study.runs.records.measurements import ObjectiveRecord

_ROW_HEIGHT = 62
_FEWEST_TRIALS = 3
_BEST_SHARE = 0.25


@dataclass(frozen=True)
class ParallelAxis:
    """The axis of a hyperparameter or of the score."""

    name: str
    ticks: tuple[tuple[float, str], ...]
    """Positions in [0, 1] with their labels."""


@dataclass(frozen=True)
class ParallelLine:
    """The line of one trial."""

    trial: str
    kind: str
    """`best quarter`, `others` or `diverged or failed`."""
    positions: tuple[float | None, ...]
    """Position in [0, 1] on each axis; None if the trial has no value for it."""
    values: tuple[str, ...]


@dataclass(frozen=True)
class ParallelCoordinates:
    """An arm's ended search trials. The last axis is the score, with lower scores to the left."""

    axes: tuple[ParallelAxis, ...]
    lines: tuple[ParallelLine, ...]


_KINDS = ("diverged or failed", "others", "best quarter")


def parallel_coordinates(run: RunData, arm: str) -> ParallelCoordinates | None:
    """The parallel coordinates of an arm's search.

    None with fewer than two searched hyperparameters or three ended trials, or without an objective. A trial that
    diverged or failed has the failure score, at which all scores are capped. A trial that was stopped on a score from
    fewer images has no position on the axis of the score.
    """
    trials = [t for t in best_first(run.searched_trials(arm)) if t.state.is_final]
    ranges: dict[str, list[SearchRange]] = {}
    for parameter in Arm(run.study, arm).parameters:
        ranges.setdefault(parameter.name, []).append(parameter.range)
    if run.objective is None or len(ranges) < 2 or len(trials) < _FEWEST_TRIALS:
        return None
    columns = [_hyperparameter(name, its_ranges, trials) for name, its_ranges in ranges.items()]
    columns.append(_score_column(trials, run.objective))
    num_best = math.ceil(_BEST_SHARE * sum(t.score is not None for t in trials))
    lines = tuple(
        ParallelLine(
            trial.name,
            _KINDS[0] if trial.is_lost else _KINDS[2] if place < num_best else _KINDS[1],
            tuple(positions[place] for _, positions, _ in columns),
            tuple(values[place] for _, _, values in columns),
        )
        for place, trial in enumerate(trials)
    )
    return ParallelCoordinates(tuple(axis for axis, _, _ in columns), lines)


_Column = tuple[ParallelAxis, list[float | None], list[str]]
"""An axis with the position and the label of each trial."""


def _hyperparameter(name: str, ranges: Sequence[SearchRange], trials: Sequence[TrialData]) -> _Column:
    values = [t.config.searched.get(name) for t in trials]
    found = [v for v in values if v is not None]
    scale, categories = scale_of(ranges, found)
    texts = [number(v) for v in values]
    if scale == "category":
        places = {c: (i + 0.5) / len(categories) for i, c in enumerate(categories)}
        ticks = tuple((place, category) for category, place in places.items())
        return ParallelAxis(name, ticks), [None if v is None else places[str(v)] for v in values], texts
    bounds = _numbers([*found, *(v for r in ranges for v in extremes(r))])
    axis = _number_axis(name, scale, min(bounds), max(bounds))
    return axis, [_position(v, scale, min(bounds), max(bounds)) for v in values], texts


def _score_column(trials: Sequence[TrialData], objective: ObjectiveRecord) -> _Column:
    scores = counted_scores(trials, objective)
    ranked = [s for s, t in zip(scores, trials, strict=True) if t.score is not None or t.is_lost]
    low, high = min(ranked, default=objective.failure_score), max(ranked, default=objective.failure_score)
    scale: Scale = "log" if low > 0 else "linear"
    axis = _number_axis(score_name(objective), scale, low, high)
    texts = [t.state.value if t.score is None else number(t.score) for t in trials]
    return (
        axis,
        [
            _position(None if t.score is None and not t.is_lost else s, scale, low, high)
            for s, t in zip(scores, trials, strict=True)
        ],
        texts,
    )


def _number_axis(name: str, scale: Scale, low: float, high: float) -> ParallelAxis:
    if low == high:
        return ParallelAxis(name, ((0.5, number(low)),))
    ticks = log_ticks(low, high, most=5) if scale == "log" else [low, (low + high) / 2, high]
    return ParallelAxis(name, tuple((_position(t, scale, low, high) or 0.0, number(float(t))) for t in ticks))


def _position(value: Scalar | None, scale: Scale, low: float, high: float) -> float | None:
    if not isinstance(value, int | float):
        return None
    if low == high:
        return 0.5
    if scale == "log":
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _numbers(values: Sequence[Scalar]) -> list[float]:
    return [float(v) for v in values if isinstance(v, int | float)]


def draw_parallel(data: ParallelCoordinates, style: ArmStyle) -> go.Figure:
    """Draw the axes below each other, so that their names fit on a narrow page."""
    figure = new_figure(height=_ROW_HEIGHT * len(data.axes) + 90)
    looks = {
        _KINDS[0]: {"color": NEUTRAL, "width": 1, "dash": "dot"},
        _KINDS[1]: {"color": NEUTRAL, "width": 1},
        _KINDS[2]: {"color": style.colour, "width": 2.5},
    }
    rows = range(len(data.axes))
    for kind in _KINDS:
        lines = [line for line in data.lines if line.kind == kind]
        if lines:
            figure.add_scatter(
                # A gap separates each line from the next.
                x=[x for line in lines for x in (*line.positions, None)],
                y=[y for _ in lines for y in (*rows, None)],
                text=[text for line in lines for text in (*_texts(line, data.axes), "")],
                mode="lines+markers",
                name=kind,
                line=looks[kind],
                marker={"size": 5},
                opacity=1.0 if kind == _KINDS[2] else 0.6,
                hovertemplate="%{text}<extra></extra>",
            )
    for row, axis in enumerate(data.axes):
        for position, text in axis.ticks:
            # Labels at the ends stay inside the plot.
            anchor = "left" if position < 0.05 else "right" if position > 0.95 else "center"
            place = {"x": position, "y": row, "yshift": -11, "xanchor": anchor}
            figure.add_annotation(text=short_label(text), showarrow=False, font={"size": 11}, **place)
    style_axes(figure)
    figure.update_xaxes(range=[-0.04, 1.04], showticklabels=False)
    # Long names take two lines, so that they fit on a narrow page.
    names = [label(axis.name).replace(".", ".<br>") for axis in data.axes]
    figure.update_yaxes(range=[len(data.axes) - 0.4, -0.4], tickvals=list(rows), ticktext=names)
    return figure


def _texts(line: ParallelLine, axes: Sequence[ParallelAxis]) -> list[str]:
    pairs = zip(axes, line.values, strict=True)
    return [label(f"{line.trial}: {axis.name} {value}") for axis, value in pairs]
