"""The axis for scores: logarithmic if possible, with marks at the floor and the untrained score."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gan_study.analysis.sentences.number_text import ROUGH, number
from gan_study.report.figures.figure_style import NEUTRAL
from gan_study.report.score_notes import rough_note, score_name
from gan_study.runs.records.measurements import ObjectiveRecord


def score_axis(values: Sequence[float], objective: ObjectiveRecord) -> dict[str, Any]:
    """Plotly's settings of an axis for one or more scores; logarithmic if all are above 0."""
    name = score_name(objective)
    low, high = score_range(values)
    if low <= 0:
        return {"title": f"{name} (lower is better)", "type": "linear", "range": [low, high]}
    return {"title": f"{name}, log scale (lower is better)", **log_axis(low, high)}


def log_axis(low: float, high: float, most_ticks: int = 8) -> dict[str, Any]:
    """Plotly's settings of a logarithmic axis from low to high, with ticks whose labels do not overlap."""
    ticks = log_ticks(low, high, most_ticks)
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": ticks,
        "ticktext": [number(tick) for tick in ticks],
    }


def score_range(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis with a margin around the scores. The lower end is above 0 if all scores are."""
    low, high = min(values), max(values)
    if low > 0:
        return low / 1.25, high * 1.25
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


_DIGITS = ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))
"""First digits of the ticks of a logarithmic axis, the fewest first."""


def log_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round values from low to high (both above 0) for a logarithmic axis: at most `most` and at least half as many.

    Powers of ten, or every second, third ... of them; 1, 2, 5, 10, ... or finer over few decades; equal steps over a
    small part of one.
    """
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in _DIGITS:
        ticks = [float(f"{digit}e{exponent}") for exponent in exponents for digit in digits]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= most // 2:
            break
    else:
        inside = _equal_ticks(low, high, most // 2)
    return inside[:: math.ceil(len(inside) / most)]


def _equal_ticks(low: float, high: float, enough: int) -> list[float]:
    exponent = math.floor(math.log10((high - low) / enough))
    steps = [float(f"{digit}e{exponent}") for digit in (5, 2, 1)]
    step = next(s for s in steps if (high - low) / s >= enough)
    return [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def set_score_axis(figure: go.Figure, values: Sequence[float], objective: ObjectiveRecord) -> None:
    """Make the vertical axis one of scores, with lines at the floor and the untrained score.

    An arrow marks one that is outside the range of the axis.
    """
    axis = score_axis(values, objective)
    low, high = score_range(values)
    below, above = [], []
    rough = f" ({ROUGH})" if rough_note(objective.key) else ""
    for text, value in (
        (f"floor {number(objective.floor)}{rough}", objective.floor),
        (f"untrained {number(objective.untrained_score)}", objective.untrained_score),
    ):
        if value < low:
            below.append(text)
        elif value > high:
            above.append(text)
        else:
            figure.add_hline(y=value, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
            _annotate(figure, text, y=math.log10(value) if axis["type"] == "log" else value, yanchor="bottom")
    room = 0.08 * (axis["range"][1] - axis["range"][0])
    axis["range"] = [axis["range"][0] - room * bool(below), axis["range"][1] + room * bool(above)]
    figure.update_yaxes(axis)
    if below:
        _annotate(figure, f"{', '.join(below)} ↓", yref="paper", y=0, yanchor="bottom")
    if above:
        _annotate(figure, f"{', '.join(above)} ↑", yref="paper", y=1, yanchor="top")


def _annotate(figure: go.Figure, text: str, **place: object) -> None:
    figure.add_annotation(text=text, xref="paper", x=1, xanchor="right", showarrow=False, font={"size": 11}, **place)
