"""Draw learning curves and class shares."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gan_study.report.figures.figure_data import ClassShareBars
from gan_study.report.figures.figure_style import NEUTRAL, ArmStyle, Styles, label, new_figure, short_label, style_axes
from gan_study.report.figures.joined_lines import Line, join_lines, thin_line
from gan_study.report.figures.learning_curves import SignalCurve, SignalPanel
from gan_study.report.figures.score_axis import log_axis

_SHOWN, _OTHER = {"width": 2.5, "opacity": 1.0}, {"width": 1.0, "opacity": 0.35}


def draw_signals(panels: Sequence[SignalPanel], arm: str, style: ArmStyle) -> go.Figure:
    """Draw the learning curves of one arm in panels, with the representative trial highlighted."""
    figure = new_figure(height=170 * len(panels) + 80)
    figure.set_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.18 / len(panels))
    style_axes(figure)
    for row, panel in enumerate(panels, start=1):
        for is_first in (True, False):
            for is_shown in (False, True):
                curves = [c for c in panel.curves if (c.is_first, c.is_shown) == (is_first, is_shown)]
                _add_signals(figure, curves, arm, style, dash="solid" if is_first else "dot", row=row)
        figure.update_yaxes(_signal_axis(panel), row=row, col=1)
    for name, dash in (("score, discriminator, real", "solid"), ("generator, fake", "dot")):
        _add_legend_line(figure, name, {"color": NEUTRAL, "dash": dash})
    curves = [c for panel in panels for c in panel.curves]
    if shown := next((c.trial for c in curves if c.is_shown), None):
        _add_legend_line(figure, label(shown), {"color": style.colour, "width": _SHOWN["width"]})
    if any(not c.is_shown for c in curves):
        line = {"color": style.colour, "width": _OTHER["width"]}
        _add_legend_line(figure, "other trials of the arm", line, opacity=_OTHER["opacity"])
    figure.update_xaxes(rangemode="tozero")
    figure.update_xaxes(title="Images seen (kimg)", row=len(panels), col=1)
    return figure


def draw_class_shares(data: ClassShareBars, styles: Styles) -> go.Figure:
    """Draw bars of the class shares, those of the real images first."""
    figure = new_figure(height=340)
    colours = {arm: styles[arm].colour for arm, _ in data.arms}
    bars = [("real images", NEUTRAL, data.real), *((arm, colours[arm], shares) for arm, shares in data.arms)]
    for name, colour, shares in bars:
        figure.add_bar(
            x=[label(class_name) for class_name in data.class_names],
            y=[100 * share for share in shares],
            name=label(name),
            marker={"color": colour},
            hovertemplate="class %{x}: %{y:.3g} %<extra>" + label(name) + "</extra>",
        )
    style_axes(figure)
    figure.update_layout(barmode="group", bargap=0.3)
    aliases = {label(name): short_label(name) for name in data.class_names if short_label(name) != label(name)}
    figure.update_xaxes(title="Class, as the domain classifier sees it", type="category", labelalias=aliases)
    figure.update_yaxes(title="Share of images", ticksuffix=" %", rangemode="tozero")
    return figure


def _add_signals(
    figure: go.Figure, curves: Sequence[SignalCurve], arm: str, style: ArmStyle, dash: str, row: int
) -> None:
    if not curves:
        return
    is_shown = curves[0].is_shown
    look, lines = (
        _SHOWN if is_shown else _OTHER,
        [Line(c.trial, f"{c.trial}, {c.signal}", c.kimg, c.values) for c in curves],
    )
    figure.add_scatter(
        **join_lines(arm, lines if is_shown else map(thin_line, lines)),
        mode="lines+markers",
        row=row,
        col=1,
        name=curves[0].signal,
        showlegend=False,
        opacity=look["opacity"],
        line={"color": style.colour, "width": look["width"], "dash": dash},
        marker={"size": 4},
        hovertemplate="%{text}<br>%{x:.4g} kimg: %{y:.4g}<extra></extra>",
    )


def _add_legend_line(figure: go.Figure, name: str, line: dict[str, object], opacity: float = 1.0) -> None:
    figure.add_scatter(x=[None], y=[None], mode="lines", name=name, line=line, opacity=opacity)


def _signal_axis(panel: SignalPanel) -> dict[str, Any]:
    values = _steady_values(panel.curves)
    if panel.is_log:
        values = [v for v in values if v > 0]
        title = f"{panel.title}, log"
        return {"title": title, **log_axis(min(values) / 1.15, max(values) * 1.15)} if values else {"title": title}
    if not values:
        return {"title": panel.title}
    margin = 0.08 * (max(values) - min(values)) or 1.0
    return {"title": panel.title, "range": [min(values) - margin, max(values) + margin]}


def _steady_values(curves: Sequence[SignalCurve]) -> list[float]:
    """The values that set the range of an axis.

    Trials that diverged, failed or have a single evaluation are left out, because their extreme values would flatten
    all other curves. They may run off the plot.
    """
    steady = [c for c in curves if not c.is_lost and len(c.values) > 1]
    return [v for c in steady or curves for v in c.values]
