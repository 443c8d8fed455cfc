"""One measured value, held against its threshold."""

from gan_study.runs.diagnosis import Direction, Finding


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
