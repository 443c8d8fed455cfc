"""The figure of repeated searches: median and range of the best score so far against the budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from gan_study.analysis.arm_comparison import ArmsComparison
from gan_study.report.figures.figure_style import Styles, label, new_figure, style_axes
from gan_study.report.figures.score_axis import set_score_axis
from gan_study.runs.records import ObjectiveRecord


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
        upper, lower = _steps(curve.kimg, curve.highest), _steps(curve.kimg, curve.lowest)[::-1]
        figure.add_scatter(
            x=[kimg for kimg, _ in upper + lower],
            y=[score for _, score in upper + lower],
            mode="lines",
            fill="toself",
            line={"color": style.colour, "width": 0.5},
            opacity=0.25,
            name=f"{name}, range of {curve.num_searches} searches",
            hoverinfo="skip",
        )
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


def _steps(kimg: Sequence[float], scores: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of a step line, in which a score holds up to the budget of the next point."""
    corners = [(kimg[0], scores[0])]
    for place, before, score in zip(kimg[1:], scores, scores[1:], strict=False):
        corners += [(place, before), (place, score)]
    return corners
