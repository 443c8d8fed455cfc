"""Draw the figures of scores from the data of `figure_data.py`."""

import math
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from gan_study.analysis.sentences.number_text import number
from gan_study.report.figures.figure_data import BestCurve, ConfirmedPoints, ExpectedBest, ScoreCurve, Slice, SlicePoint
from gan_study.report.figures.figure_style import NEUTRAL, Styles, add_band, label, new_figure, style_axes
from gan_study.report.figures.joined_lines import Line, join_lines, line_ends, thin_line
from gan_study.report.figures.score_axis import log_axis, score_axis, set_score_axis
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState

_LOST = (TrialState.DIVERGED, TrialState.FAILED)
_CROSS = "x-thin-open"
MOST_WHOLE_LINES = 20
"""Most trials of an arm whose lines keep all points. With more trials, only those of the best quarter do."""


def draw_confirmed(arms: Sequence[ConfirmedPoints], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw each arm's confirmed scores in a row, with crosses for failed seeds and a tick at its search score."""
    figure = new_figure(height=100 + 44 * len(arms))
    _add_means(figure, arms)
    for arm in arms:
        colour, symbol = styles[arm.arm].colour, styles[arm.arm].symbol
        _add_row(figure, arm.arm, arm.scores, arm.trials, {"color": colour, "symbol": symbol, "opacity": 0.85})
        failed = [objective.failure_score] * len(arm.failed)
        _add_row(figure, arm.arm, failed, arm.failed, {"color": colour, "symbol": _CROSS})
        not_counted = f"by its {arm.other_at} evaluation, which does not count"
        marker = {"color": colour, "symbol": f"{symbol}-open", "size": 7}
        _add_row(figure, arm.arm, [s for _, s in arm.others], [f"{t} {not_counted}" for t, _ in arm.others], marker)
    _add_legend_mark(figure, "one confirmed seed", "circle")
    if any(a.others for a in arms):
        _add_legend_mark(figure, f"the same by its {arms[0].other_at} evaluation, which does not count", "circle-open")
    if any(a.failed for a in arms):
        _add_legend_mark(figure, "diverged or failed, drawn at the failure score", _CROSS)
    searched = [(label(a.arm), a.search_score) for a in arms if a.search_score is not None]
    figure.add_scatter(
        x=[score for _, score in searched],
        y=[arm for arm, _ in searched],
        mode="markers",
        name="search score of the configuration",
        marker={"color": NEUTRAL, "symbol": "line-ns-open", "size": 22, "line": {"width": 2}},
        hovertemplate="search score: %{x:.4g}<extra>%{y}</extra>",
    )
    style_axes(figure)
    figure.update_xaxes(score_axis(_confirmed_values(arms, objective), objective), showgrid=True)
    figure.update_yaxes(showgrid=False, categoryorder="array", categoryarray=[label(a.arm) for a in reversed(arms)])
    return figure


def _confirmed_values(arms: Sequence[ConfirmedPoints], objective: ObjectiveRecord) -> list[float]:
    values = [s for a in arms for s in (*a.scores, *(s for _, s in a.others), a.search_score) if s is not None]
    values += [limit for a in arms if a.mean for limit in (a.mean.low, a.mean.high)]
    return values + [objective.failure_score] * any(a.failed for a in arms)


def _add_means(figure: go.Figure, arms: Sequence[ConfirmedPoints]) -> None:
    means = [(label(a.arm), a.mean) for a in arms if a.mean]
    if not means:
        return
    figure.add_scatter(
        x=[mean.value for _, mean in means],
        y=[arm for arm, _ in means],
        mode="markers",
        name="mean and its 95 % interval",
        marker={"color": NEUTRAL, "symbol": "line-ns-open", "size": 12, "line": {"width": 4}},
        error_x={
            "array": [mean.high - mean.value for _, mean in means],
            "arrayminus": [mean.value - mean.low for _, mean in means],
            "color": NEUTRAL,
            "thickness": 1.5,
        },
        hovertemplate="mean: %{x:.4g}<extra>%{y}</extra>",
    )


def draw_best(curves: Sequence[BestCurve], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw the best score so far against the budget spent, with a step line for each arm."""
    figure = new_figure(height=360)
    for curve in curves:
        style, name = styles[curve.arm], label(curve.arm)
        figure.add_scatter(
            x=curve.kimg,
            y=curve.scores,
            mode="lines+markers",
            name=name,
            line={"color": style.colour, "shape": "hv", "width": 2},
            marker={"symbol": style.symbol, "size": 7},
            hovertemplate="%{x:.4g} kimg: %{y:.4g}<extra>" + name + "</extra>",
        )
    style_axes(figure)
    figure.update_xaxes(title="Spent by the search (kimg)", rangemode="tozero")
    set_score_axis(figure, [s for c in curves for s in c.scores], objective)
    return figure


def draw_expected(arms: Sequence[ExpectedBest], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw the expected best of n trials, with a line for each arm and its interval as a band."""
    figure = new_figure(height=360)
    values = [point.expected for arm in arms for point in arm.points]
    # A logarithmic axis cannot show the part of an interval below 0.
    least = min(values) / 1.25 if min(values) > 0 else -math.inf
    for arm in arms:
        style, name = styles[arm.arm], label(arm.arm)
        bounds = [(p.num_trials, *p.interval) for p in arm.points if p.interval]
        nums, highs = [num for num, _, _ in bounds], [high for _, _, high in bounds]
        lows = [max(low, least) for _, low, _ in bounds]
        values += lows + highs
        add_band(figure, style.colour, f"{name}, 95 % interval", nums, lows, highs)
        figure.add_scatter(
            x=[p.num_trials for p in arm.points],
            y=[p.expected for p in arm.points],
            mode="lines+markers",
            name=name,
            line={"color": style.colour, "width": 2},
            marker={"symbol": style.symbol, "size": 7},
            hovertemplate="best of %{x}: %{y:.4g}<extra>" + name + "</extra>",
        )
    style_axes(figure)
    figure.update_xaxes(title="Trials drawn", rangemode="tozero")
    set_score_axis(figure, values, objective)
    return figure


def draw_scores(curves: Sequence[ScoreCurve], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw the score over training, with a thin line for each trial and a marker for how it ended.

    If an arm has many trials, lines outside the best quarter are thinned.
    """
    figure = new_figure(height=400)
    for arm in dict.fromkeys(c.arm for c in curves):
        own, style = [c for c in curves if c.arm == arm], styles[arm]
        lines = [Line(c.trial, f"{c.trial} ({c.state_text})", c.kimg, c.scores) for c in own]
        common = {
            "name": label(arm),
            "showlegend": False,
            "legendgroup": label(arm),
            "opacity": 0.8,
            "hovertemplate": "%{text}<br>%{x:.4g} kimg: %{y:.4g}<extra>" + label(arm) + "</extra>",
        }
        whole = _whole_trials(own)
        kept = (line if line.trial in whole else thin_line(line) for line in lines)
        figure.add_scatter(**join_lines(arm, kept), mode="lines", line={"color": style.colour, "width": 1.25}, **common)
        marker = {"color": style.colour, "size": 9, "symbol": [_symbol(style.symbol, c.state) for c in own]}
        figure.add_scatter(**line_ends(arm, lines), mode="markers", marker=marker, **common)
    _add_arm_legend(figure, dict.fromkeys(c.arm for c in curves), styles)
    _add_state_legend(figure, curves)
    style_axes(figure)
    figure.update_xaxes(title="Images seen (kimg)", rangemode="tozero")
    set_score_axis(figure, [s for c in curves for s in c.scores], objective)
    return figure


def _whole_trials(curves: Sequence[ScoreCurve]) -> set[str]:
    """Trials of an arm whose lines keep all points: all if they are few, else the best quarter by the last score."""
    num = len(curves) if len(curves) <= MOST_WHOLE_LINES else math.ceil(len(curves) / 4)
    ranked = sorted(curves, key=lambda c: (c.state is not TrialState.COMPLETED, c.scores[-1]))
    return {c.trial for c in ranked[:num]}


def draw_slice(data: Slice, styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw the score against one hyperparameter, with hollow marks for stopped trials and crosses for failed ones."""
    figure = new_figure(height=300)
    for arm in dict.fromkeys(p.arm for p in data.points):
        points = [p for p in data.points if p.arm == arm]
        style, name = styles[arm], label(arm)
        symbols = [_symbol(style.symbol, p.state) for p in points]
        figure.add_scatter(
            x=[_position(data, p) for p in points],
            y=_drawn_scores(points, objective),
            mode="markers",
            name=name,
            marker={"color": style.colour, "size": 9, "symbol": symbols},
            text=[label(f"{p.trial} ({p.state.value}): {number(p.score)}") for p in points],
            hovertemplate="%{text}<br>%{x}<extra>" + name + "</extra>",
        )
    style_axes(figure)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title=label(data.name), type=data.scale)
    if data.scale == "category":
        figure.update_layout(scattermode="group", scattergap=0.7)
        figure.update_xaxes(categoryorder="array", categoryarray=[label(c) for c in data.categories])
    elif data.scale == "log":
        values = [p.value for p in data.points if isinstance(p.value, float | int)]
        figure.update_xaxes(log_axis(min(values) / 1.25, max(values) * 1.25, most_ticks=5))
    set_score_axis(figure, _drawn_scores(data.points, objective), objective)
    return figure


def _add_row(
    figure: go.Figure, arm: str, scores: Sequence[float], trials: Sequence[str], marker: dict[str, object]
) -> None:
    figure.add_scatter(
        x=scores,
        y=[label(arm)] * len(scores),
        mode="markers",
        showlegend=False,
        marker={"size": 11, **marker},
        text=[label(trial) for trial in trials],
        hovertemplate="%{text}: %{x:.4g}<extra>%{y}</extra>",
    )


def _drawn_scores(points: Sequence[SlicePoint], objective: ObjectiveRecord) -> list[float]:
    return [objective.failure_score if p.score is None else p.score for p in points]


def _position(data: Slice, point: SlicePoint) -> str | float:
    if data.scale == "category" or isinstance(point.value, str):
        return label(str(point.value))
    return point.value


def _symbol(symbol: str, state: TrialState) -> str:
    if state in _LOST:
        return _CROSS
    return symbol if state is TrialState.COMPLETED else f"{symbol}-open"


def _add_arm_legend(figure: go.Figure, arms: Iterable[str], styles: Styles) -> None:
    for arm in arms:
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines+markers",
            name=label(arm),
            legendgroup=label(arm),
            line={"color": styles[arm].colour},
            marker={"symbol": styles[arm].symbol, "size": 8},
        )


def _add_state_legend(figure: go.Figure, curves: Sequence[ScoreCurve]) -> None:
    hollow = {c.state_text for c in curves if c.state not in (TrialState.COMPLETED, *_LOST)}
    lost = {c.state_text for c in curves if c.state in _LOST}
    for texts, symbol in ((hollow, "circle-open"), (lost, _CROSS)):
        if texts:
            _add_legend_mark(figure, " or ".join(sorted(texts)), symbol)


def _add_legend_mark(figure: go.Figure, name: str, symbol: str) -> None:
    figure.add_scatter(
        x=[None], y=[None], mode="markers", name=name, marker={"color": NEUTRAL, "symbol": symbol, "size": 9}
    )
