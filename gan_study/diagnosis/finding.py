"""A measured value compared with its threshold."""

from gan_study.runs.records.diagnosis import Direction, Finding


def make_finding(
    name: str,
    what: str,
    value: float | None,
    direction: Direction,
    threshold: float | None,
    source: str,
    control: float | None = None,
    note: str = "",
) -> Finding:
    """The finding that `what`, a noun phrase such as "the coverage", has `value`. It fires only if measured.

    note: the derivation of value or threshold, such as "0.75 of the control"; it becomes a part of the sentence.
    """
    fires = False
    sentence = f"{what} was not measured."
    if value is not None and threshold is not None:
        fires = value > threshold if direction == "above" else value < threshold
        relation = direction if fires else f"not {direction}"
        of_real = "" if control is None else f"as many held-out real images: {round(control, 6):.4g}"
        aside = "; ".join(text for text in (note, of_real) if text)
        sentence = f"{what} is {value:.4g}, {relation} {threshold:.4g}{f' ({aside})' if aside else ''}."
    return Finding(
        name=name,
        value=value,
        threshold=threshold,
        direction=direction,
        source=source,
        control=control,
        fires=fires,
        sentence=sentence[0].upper() + sentence[1:],
        note=note,
    )
