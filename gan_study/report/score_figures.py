"""Drawing of the figures with scores, whose content `figure_data.py` works out."""

from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from gan_study.report.figure_data import BestCurve, ConfirmedPoints, ScoreCurve, Slice, SlicePoint
from gan_study.report.score_axis import score_axis, set_score_axis
from gan_study.report.style import NEUTRAL, Styles, label, new_figure, style_axes
from gan_study.report.text import number
from gan_study.runs.records import ObjectiveRecord, TrialState

_LOST = (TrialState.DIVERGED, TrialState.FAILED)
_CROSS = "x-thin-open"


def draw_confirmed(arms: Sequence[ConfirmedPoints], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Each arm's confirmed scores as points in one row, failed seeds as crosses, the search score as a tick."""
    figure = new_figure(height=100 + 44 * len(arms))
    for arm in arms:
        colour, symbol = styles[arm.arm].colour, styles[arm.arm].symbol
        _add_row(figure, arm.arm, arm.scores, arm.trials, {"color": colour, "symbol": symbol, "opacity": 0.85})
        failed = [objective.failure_score] * len(arm.failed)
        _add_row(figure, arm.arm, failed, arm.failed, {"color": colour, "symbol": _CROSS})
    searched = [(label(a.arm), a.search_score) for a in arms if a.search_score is not None]
    figure.add_scatter(
        x=[score for _, score in searched],
        y=[arm for arm, _ in searched],
        mode="markers",
        name="search score",
        marker={"color": NEUTRAL, "symbol": "line-ns-open", "size": 22, "line": {"width": 2}},
        hovertemplate="search score: %{x:.4g}<extra>%{y}</extra>",
    )
    values = [s for a in arms for s in a.scores] + [score for _, score in searched]
    if any(a.failed for a in arms):
        values.append(objective.failure_score)
        _add_legend_mark(figure, "diverged or failed, drawn at the failure score", _CROSS)
    style_axes(figure)
    figure.update_xaxes(score_axis(values, objective), showgrid=True)
    figure.update_yaxes(showgrid=False, categoryorder="array", categoryarray=[label(a.arm) for a in reversed(arms)])
    return figure


def draw_best(curves: Sequence[BestCurve], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Best score so far against spent budget, one step line for each arm."""
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


def draw_scores(curves: Sequence[ScoreCurve], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Score over training, one thin line for each trial; its last marker says how it ended."""
    figure = new_figure(height=400)
    for curve in curves:
        style, name = styles[curve.arm], label(f"{curve.arm} {curve.trial} ({curve.state.value})")
        sizes = [0] * (len(curve.kimg) - 1) + [9]
        figure.add_scatter(
            x=curve.kimg,
            y=curve.scores,
            mode="lines+markers",
            name=name,
            showlegend=False,
            legendgroup=label(curve.arm),
            opacity=0.8,
            line={"color": style.colour, "width": 1.25},
            marker={"symbol": _symbol(style.symbol, curve.state), "size": sizes},
            hovertemplate=name + "<br>%{x:.4g} kimg: %{y:.4g}<extra></extra>",
        )
    _add_arm_legend(figure, dict.fromkeys(c.arm for c in curves), styles)
    _add_state_legend(figure, {c.state for c in curves})
    style_axes(figure)
    figure.update_xaxes(title="Images seen (kimg)", rangemode="tozero")
    set_score_axis(figure, [s for c in curves for s in c.scores], objective)
    return figure


def draw_slice(data: Slice, styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """One hyperparameter against the score; stopped trials hollow, failed ones as crosses at the failure score."""
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
        figure.update_xaxes(dtick=1, exponentformat="power")
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


def _add_state_legend(figure: go.Figure, states: set[TrialState]) -> None:
    hollow = states - {TrialState.COMPLETED, *_LOST}
    for some, symbol in ((hollow, "circle-open"), (states & set(_LOST), _CROSS)):
        if some:
            _add_legend_mark(figure, " or ".join(sorted(s.value for s in some)), symbol)


def _add_legend_mark(figure: go.Figure, name: str, symbol: str) -> None:
    figure.add_scatter(
        x=[None], y=[None], mode="markers", name=name, marker={"color": NEUTRAL, "symbol": symbol, "size": 9}
    )
