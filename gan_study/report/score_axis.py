"""The axis on which scores are drawn: logarithmic where it can be, with the floor and the untrained score marked."""

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from gan_study.report.style import NEUTRAL
from gan_study.report.text import number, score_name
from gan_study.runs.records import ObjectiveRecord


def score_axis(values: Sequence[float], objective: ObjectiveRecord) -> dict[str, Any]:
    """Plotly's settings of an axis that holds these scores (at least one); logarithmic if all are above 0."""
    title = f"{score_name(objective)} (lower is better)"
    low, high = score_range(values)
    if low <= 0:
        return {"title": title, "type": "linear", "range": [low, high]}
    ticks = log_ticks(low, high)
    return {
        "title": title,
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": ticks,
        "ticktext": [number(tick) for tick in ticks],
    }


def score_range(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis with a margin around the scores; the lower end is above 0 if all scores are."""
    low, high = min(values), max(values)
    if low > 0:
        return low / 1.25, high * 1.25
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


def log_ticks(low: float, high: float) -> list[float]:
    """Round values from low to high (both above 0): 1, 2, 5, 10, ..., or powers of ten alone over four decades."""
    digits = (1, 2, 5) if high / low < 1e4 else (1,)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = (float(f"{digit}e{exponent}") for exponent in exponents for digit in digits)
    return [tick for tick in ticks if low <= tick <= high]


def set_score_axis(figure: go.Figure, values: Sequence[float], objective: ObjectiveRecord) -> None:
    """Make the vertical axis one of scores, with a line or, beyond its ends, an arrow for floor and untrained score."""
    axis = score_axis(values, objective)
    figure.update_yaxes(axis)
    low, high = score_range(values)
    below, above = [], []
    for name, value in (("floor", objective.floor), ("untrained", objective.untrained_score)):
        text = f"{name} {number(value)}"
        if value < low:
            below.append(text)
        elif value > high:
            above.append(text)
        else:
            figure.add_hline(y=value, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
            _annotate(figure, text, y=math.log10(value) if axis["type"] == "log" else value, yanchor="bottom")
    if below:
        _annotate(figure, f"{', '.join(below)} ↓", yref="paper", y=0, yanchor="bottom")
    if above:
        _annotate(figure, f"{', '.join(above)} ↑", yref="paper", y=1, yanchor="top")


def _annotate(figure: go.Figure, text: str, **place: object) -> None:
    figure.add_annotation(text=text, xref="paper", x=1, xanchor="right", showarrow=False, font={"size": 11}, **place)
