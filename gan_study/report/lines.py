"""Lines of many trials in one trace, which a browser draws far faster than a trace for each."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from gan_study.report.style import label

Line = tuple[str, Sequence[float], Sequence[float]]
"""A name, and the points' x and y."""

MOST_POINTS = 12
"""Points that are left of a thinned line, its extremes not counted."""


def joined(lines: Iterable[Line]) -> dict[str, Any]:
    """x, y and text of one trace of Plotly with a gap after each line; numbers have five significant digits."""
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for name, xs, ys in lines:
        x += [*map(_shortened, xs), None]
        y += [*map(_shortened, ys), None]
        text += [label(name)] * len(xs) + [""]
    return {"x": x, "y": y, "text": text}


def thinned(line: Line) -> Line:
    """The line with at most fourteen of its points, the first, the last, the lowest and the highest among them."""
    name, xs, ys = line
    num = len(ys)
    if num <= MOST_POINTS:
        return line
    step = math.ceil((num - 1) / (MOST_POINTS - 1))
    places = range(num)
    kept = sorted({*range(0, num, step), num - 1, min(places, key=ys.__getitem__), max(places, key=ys.__getitem__)})
    return name, [xs[i] for i in kept], [ys[i] for i in kept]


def _shortened(value: float) -> float:
    return float(f"{value:.5g}")
