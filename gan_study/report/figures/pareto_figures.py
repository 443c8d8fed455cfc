"""Figures and table of a search with several objectives: its trials and Pareto fronts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import number
from gan_study.analysis.statistics.pareto import ParetoPoint, ParetoSummary, pareto_points, summarise_pareto
from gan_study.report.figures.figure_style import NEUTRAL, Styles, label, new_figure, style_axes
from gan_study.report.figures.score_axis import set_score_axis
from gan_study.report.tables.table import Table
from gan_study.runs.records.measurements import ObjectiveRecord

_WORDS = {"coverage": "Coverage (higher is better)", "device_sec": "Device-seconds (lower is better)"}


@dataclass(frozen=True)
class ParetoPlane:
    """The search trials in the plane of the score and one other objective."""

    objective: str
    points: Mapping[str, tuple[ParetoPoint, ...]]
    """Completed search trials of each arm, sorted by score."""
    fronts: ParetoSummary

    @property
    def is_whole(self) -> bool:
        """True if there are no other objectives, so that the front is a line in this plane."""
        return len(self.fronts.objectives) == 2


def pareto_planes(run: RunData) -> list[ParetoPlane]:
    """A plane for each objective besides the score; empty with one objective or without completed trials."""
    fronts = summarise_pareto(run)
    if fronts is None or not fronts.overall:
        return []
    points = {arm: found for arm in run.arms if (found := pareto_points(run, arm))}
    return [ParetoPlane(name, points, fronts) for name in fronts.objectives[1:]]


def draw_pareto(plane: ParetoPlane, styles: Styles, objective: ObjectiveRecord) -> go.Figure:
    """Draw the trials of each arm, filled if on the arm's front and with a ring if on the front over all arms."""
    figure = new_figure(height=380)
    for arm, points in plane.points.items():
        front = plane.fronts.arms[arm]
        if plane.is_whole:
            # The step goes through the corner that both trials dominate.
            _add(
                figure,
                plane,
                front,
                mode="lines",
                line={"color": styles[arm].colour, "shape": "vh", "width": 1.5},
            )
        _add(
            figure,
            plane,
            points,
            mode="markers",
            name=label(arm),
            showlegend=True,
            marker={
                "color": styles[arm].colour,
                "size": 9,
                "symbol": [styles[arm].symbol + ("" if point in front else "-open") for point in points],
            },
        )
    ring = {"color": NEUTRAL, "symbol": "circle-open", "size": 16, "line": {"width": 1.5}}
    _add(
        figure,
        plane,
        plane.fronts.overall,
        mode="markers",
        name="on the front over all arms",
        showlegend=True,
        marker=ring,
    )
    style_axes(figure)
    figure.update_xaxes(title=_WORDS[plane.objective])
    set_score_axis(figure, [p.values["score"] for points in plane.points.values() for p in points], objective)
    return figure


def pareto_caption(plane: ParetoPlane) -> str:
    """Caption of the figure."""
    left_out = plane.fronts.num_left_out
    who = (
        "1 trial without a value for every objective is" if left_out == 1 else f"{left_out} trials without a value are"
    )
    lost = f" {who} left out." if left_out else ""
    return (
        "Each mark is one completed search trial; a filled one is on its arm's Pareto front: no other trial of the arm "
        f"is at least as good in every objective ({', '.join(plane.fronts.objectives)}) and better in one. Rings: the "
        f"front over all arms together.{lost}"
    )


def pareto_table(fronts: ParetoSummary | None) -> Table:
    """The trials on the front of each arm; no rows if the search has one objective."""
    if fronts is None:
        return Table(("Arm", "Trial"), (), frozenset({"Arm", "Trial"}))
    rows = tuple(
        (
            arm,
            point.trial,
            *(number(point.values[name]) for name in fronts.objectives),
            "yes" if point in fronts.overall else "no",
        )
        for arm, points in fronts.arms.items()
        for point in points
    )
    columns = ("Arm", "Trial", *fronts.objectives, "On the front over all arms")
    return Table(columns, rows, frozenset({"Arm", "Trial"}))


def _add(figure: go.Figure, plane: ParetoPlane, points: Sequence[ParetoPoint], **look: object) -> None:
    settings = {"showlegend": False, **look}
    figure.add_scatter(
        x=[p.values[plane.objective] for p in points],
        y=[p.values["score"] for p in points],
        text=[label(f"{p.arm}, {p.trial}") for p in points],
        hovertemplate="%{text}<br>" + plane.objective + " %{x:.4g}, score %{y:.4g}<extra></extra>",
        **settings,
    )
