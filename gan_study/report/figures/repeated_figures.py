"""The figure of repeated searches: median and range of the best score so far against the budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from gan_study.analysis.arm_comparison import ArmsComparison
from gan_study.report.figures.figure_style import Styles, add_band, label, new_figure, style_axes
from gan_study.report.figures.score_axis import set_score_axis
from gan_study.runs.records.measurements import ObjectiveRecord


@dataclass(frozen=True)
class RepeatedCurve:
    """Best score so far of one arm's repeated searches against the budget of each search."""

    arm: str
    num_searches: int
    kimg: tuple[float, ...]
    """Thousands of images at which all searches have a score."""
    median: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]


def repeated_curves(comparison: ArmsComparison) -> tuple[RepeatedCurve, ...]:
    """Curves of the arms with repeated searches, from the budget at which every search has a score."""
    curves = []
    for arm in comparison.arms:
        band = arm.search.repeated
        if band is None or band.num_studies < 2:
            continue
        rows = zip(band.spent_kimg, band.median, band.lowest, band.highest, strict=True)
        known = [(k, m, low, high) for k, m, low, high in rows if None not in (m, low, high)]
        if known:
            kimg, median, lowest, highest = zip(*known, strict=True)
            curves.append(RepeatedCurve(arm.arm, band.num_studies, kimg, median, lowest, highest))
    return tuple(curves)


def draw_repeated(curves: Sequence[RepeatedCurve], styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw the median of each arm as a step line, in a band from the lowest to the highest of its searches."""
    figure = new_figure(height=360)
    for curve in curves:
        style, name = styles[curve.arm], label(curve.arm)
        (x, low), (_, high) = (_steps(curve.kimg, scores) for scores in (curve.lowest, curve.highest))
        add_band(figure, style.colour, f"{name}, range of {curve.num_searches} searches", x, low, high)
        figure.add_scatter(
            x=curve.kimg,
            y=curve.median,
            customdata=list(zip(curve.lowest, curve.highest, strict=True)),
            mode="lines+markers",
            name=f"{name}, median",
            line={"color": style.colour, "shape": "hv", "width": 2},
            marker={"symbol": style.symbol, "size": 7},
            hovertemplate="%{x:.4g} kimg: %{y:.4g} (%{customdata[0]:.4g} to %{customdata[1]:.4g})<extra>"
            + name
            + "</extra>",
        )
    style_axes(figure)
    figure.update_xaxes(title="Spent by each search (kimg)", rangemode="tozero")
    set_score_axis(figure, [s for c in curves for s in (*c.lowest, *c.highest)], objective)
    return figure


def _steps(kimg: Sequence[float], scores: Sequence[float]) -> tuple[list[float], list[float]]:
    """x and y of the corners of a step line, in which a score holds up to the budget of the next point."""
    return [k for k in kimg for _ in range(2)][1:], [s for s in scores for _ in range(2)][:-1]
