"""Join the lines of many trials into one trace, which a browser draws far faster than many traces."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gan_study.report.figures.figure_style import label

MOST_POINTS = 12
"""Most points of a thinned line besides its extremes."""


@dataclass(frozen=True)
class Line:
    """One trial's line."""

    trial: str
    """Name of the trial, by which the reader switches the line on and off."""
    text: str
    """Text that is shown next to the pointer."""
    x: Sequence[float]
    y: Sequence[float]


def join_lines(arm: str, lines: Iterable[Line]) -> dict[str, Any]:
    """x, y and meta of a Plotly trace with a gap after each line. Numbers have five significant digits.

    `meta` has the arm, and the trial and text of each line once. figures.js repeats the texts for each point.
    """
    x: list[float | None] = []
    y: list[float | None] = []
    trials, texts = [], []
    for line in lines:
        x += [*map(_shortened, line.x), None]
        y += [*map(_shortened, line.y), None]
        trials.append(line.trial)
        texts.append(label(line.text))
    return {"x": x, "y": y, "meta": {"arm": arm, "trials": trials, "texts": texts}}


def line_ends(arm: str, lines: Iterable[Line]) -> dict[str, Any]:
    """x, y and meta of a Plotly trace with the last point of each line."""
    own = list(lines)
    meta = {"arm": arm, "trials": [line.trial for line in own], "texts": [label(line.text) for line in own]}
    x, y = [_shortened(line.x[-1]) for line in own], [_shortened(line.y[-1]) for line in own]
    return {"x": x, "y": y, "meta": {**meta, "is_repeated": True}}


def thin_line(line: Line) -> Line:
    """The line with at most 14 of its points, including the first, the last, the lowest and the highest."""
    num = len(line.y)
    if num <= MOST_POINTS:
        return line
    step = math.ceil((num - 1) / (MOST_POINTS - 1))
    places, height = range(num), line.y.__getitem__
    kept = sorted({*range(0, num, step), num - 1, min(places, key=height), max(places, key=height)})
    return replace(line, x=[line.x[i] for i in kept], y=[line.y[i] for i in kept])


def _shortened(value: float) -> float:
    return float(f"{value:.5g}")
