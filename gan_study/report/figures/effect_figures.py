"""Figures of what mattered in a search: the way from the paper's defaults, and partial dependence."""

from collections.abc import Sequence

import plotly.graph_objects as go

from gan_study.analysis.effects.arm_effects import ArmEffects
from gan_study.analysis.effects.partial_dependence import PartialDependence
from gan_study.analysis.effects.path import Path
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.effects_text import effects_sentences, step_text
from gan_study.analysis.sentences.number_text import number
from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.report.figures.figure_data import Scale, scale_of
from gan_study.report.figures.figure_style import (
    NEUTRAL,
    ArmStyle,
    Styles,
    add_band,
    arm_styles,
    label,
    new_figure,
    style_axes,
)
from gan_study.report.figures.page_figures import Plot, make_plot
from gan_study.report.figures.score_axis import log_axis, set_score_axis
from gan_study.report.score_notes import curve_note, short_note
from gan_study.runs.records.measurements import ObjectiveRecord


def effect_plots(run: RunData, effects: Sequence[ArmEffects]) -> dict[str, list[Plot]]:
    """The figures of each arm's way (`paths`), and one of each of its hyperparameters (`dependence`)."""
    found: dict[str, list[Plot]] = {"paths": [], "dependence": []}
    if run.objective is None:
        return found
    styles = arm_styles(run.arms)
    for each in effects:
        if each.path is not None:
            caption = (
                f"{effects_sentences(each)} A Gaussian process predicts each step after the ones above it, that with "
                "the largest gain first. The bars are 95 % intervals, without the errors that such a model cannot know."
            )
            figure = draw_path(each.path, styles[each.arm], each.is_relative)
            title = f"From the paper's defaults to the best: {each.arm}."
            found["paths"].append(make_plot(f"path/{each.arm}", title, caption, figure))
        for one in each.dependence:
            figure = draw_dependence(one, each.arm, _scale(run, each.arm, one), styles, run.objective)
            name, title = f"dependence/{each.arm}/{one.name}", f"{one.name} in {each.arm}, predicted."
            found["dependence"].append(make_plot(name, title, "", figure))
    return found


def dependence_note(effects: Sequence[ArmEffects], objective: ObjectiveRecord | None) -> str:
    """The caption of all figures of partial dependence; empty without any."""
    known = [each for each in effects if each.reason is None]
    if not known or objective is None:
        return ""
    early = [f"after {number(each.kimg)} kimg in {each.arm}" for each in known if each.kimg is not None]
    when = f" Scores are those {', '.join(early)}." if early else ""
    note = curve_note(objective) if early else short_note(objective)
    return (
        "The line is the predicted score along one hyperparameter, averaged over the other values of up to twelve "
        "trials; the band is its 95 % interval. Marks are the trials from which it was learned, whose other values "
        f"differ.{when} {note}"
    )


def draw_path(path: Path, style: ArmStyle, is_relative: bool) -> go.Figure:
    """Draw a row for each step and one for all together, each with its change of the score and the interval."""
    rows = [(step_text(step), step.change) for step in path.steps] + [("all together", path.whole)]
    figure = new_figure(height=110 + 30 * len(rows))
    offset = 1 if is_relative else 0
    names = [label(name) for name, _ in rows]
    figure.add_scatter(
        x=[offset + change.value for _, change in rows],
        y=names,
        mode="markers",
        showlegend=False,
        marker={"color": style.colour, "symbol": style.symbol, "size": 10},
        error_x={
            "array": [change.high - change.value for _, change in rows],
            "arrayminus": [change.value - change.low for _, change in rows],
            "color": style.colour,
            "thickness": 1.5,
        },
        customdata=[(offset + change.low, offset + change.high) for _, change in rows],
        hovertemplate="%{x:.3g} (%{customdata[0]:.3g} to %{customdata[1]:.3g})<extra>%{y}</extra>",
    )
    style_axes(figure)
    if is_relative:
        ends = [1 + end for _, change in rows for end in (change.low, change.high)]
        figure.update_xaxes(log_axis(min(0.9, *ends) / 1.1, max(1.1, *ends) * 1.1))
    title = "Score after the change / score before it" if is_relative else "Change of the score"
    figure.update_xaxes(title=f"{title} (lower is better)", showgrid=True)
    figure.add_vline(x=offset, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_yaxes(showgrid=False, categoryorder="array", categoryarray=names[::-1])
    return figure


def draw_dependence(
    data: PartialDependence,
    arm: str,
    scale: tuple[Scale, tuple[str, ...]],
    styles: Styles,
    objective: ObjectiveRecord,
) -> go.Figure:
    """Draw the predicted score along one hyperparameter with its band, and the trials behind it."""
    figure, style = new_figure(height=300), styles[arm]
    kind, categories = scale
    values, tried = _positions(data.values, kind), _positions(data.tried, kind)
    if kind == "category":
        error = {
            "array": [high - score for high, score in zip(data.highs, data.scores, strict=True)],
            "arrayminus": [score - low for low, score in zip(data.lows, data.scores, strict=True)],
            "color": style.colour,
        }
        marker = {"color": style.colour, "symbol": "line-ew-open", "size": 18, "line": {"width": 3}}
        figure.add_scatter(x=values, y=data.scores, mode="markers", name=label(arm), error_y=error, marker=marker)
    else:
        add_band(figure, style.colour, "95 % interval", list(map(float, data.values)), data.lows, data.highs)
        figure.add_scatter(
            x=values, y=data.scores, mode="lines", name=label(arm), line={"color": style.colour, "width": 2}
        )
    open_marks = {"color": style.colour, "symbol": f"{style.symbol}-open", "size": 7}
    figure.add_scatter(x=tried, y=data.tried_scores, mode="markers", name="trials", marker=open_marks)
    style_axes(figure)
    figure.update_xaxes(title=label(data.name), type=kind)
    if kind == "category":
        figure.update_xaxes(categoryorder="array", categoryarray=[label(each) for each in categories])
    elif kind == "log":
        numbers = [float(value) for value in (*data.values, *data.tried)]
        figure.update_xaxes(log_axis(min(numbers) / 1.25, max(numbers) * 1.25, most_ticks=5))
    set_score_axis(figure, [*data.lows, *data.highs, *data.tried_scores], objective)
    return figure


def _positions(values: Sequence[Scalar], kind: Scale) -> list[Scalar]:
    return [label(str(value)) if kind == "category" else value for value in values]


def _scale(run: RunData, arm: str, data: PartialDependence) -> tuple[Scale, tuple[str, ...]]:
    ranges = [p.range for p in Arm(run.study, arm).parameters if p.label == data.name]
    return scale_of(ranges, data.tried)
