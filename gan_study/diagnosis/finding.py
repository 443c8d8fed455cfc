"""A finding: one measured value, held against its threshold."""

from typing import Literal

from gan_study.runs.records import Record

Direction = Literal["above", "below"]


class Finding(Record):
    """What was measured, from where on it is a sign of something, and what a perfect generator has."""

    name: str
    """Of the check, such as coverage_partial."""
    value: float | None
    """What was measured; null if it was not."""
    threshold: float | None
    """Where it begins to fire, in the units of the value; null if it goes with a control that was not measured."""
    direction: Direction
    """Side of the threshold on which it fires, the threshold itself not included."""
    source: str
    """Who proposed the measure, and the threshold."""
    control: float | None
    """The same measure of as many held-out real images in the place of the generated ones; null if there is none."""
    fires: bool
    """Whether the value is beyond the threshold."""
    sentence: str
    """The finding for a reader, with its numbers."""


def find(
    name: str,
    what: str,
    value: float | None,
    direction: Direction,
    threshold: float | None,
    source: str,
    control: float | None = None,
) -> Finding:
    """The finding that `what`, a noun phrase such as "the coverage", has `value`. It fires only if measured."""
    fires = False
    sentence = f"{what} was not measured."
    if value is not None and threshold is not None:
        fires = value > threshold if direction == "above" else value < threshold
        relation = direction if fires else f"not {direction}"
        sentence = f"{what} is {value:.4g}, {relation} {threshold:.4g}"
        sentence += "." if control is None else f" (as many held-out real images: {round(control, 6):.4g})."
    return Finding(
        name=name,
        value=value,
        threshold=threshold,
        direction=direction,
        source=source,
        control=control,
        fires=fires,
        sentence=sentence[0].upper() + sentence[1:],
    )
