"""Learning rates over a training, as shares of the rate at its start. They are stored as text, such as
`cosine to 0.1`."""

import re
from collections.abc import Callable
from functools import cache
from math import cos, pi
from typing import Annotated, Any

from pydantic import BeforeValidator

_NUMBER = r"(?:\d*\.?\d+(?:[eE][-+]?\d+)?)"
_FALL = re.compile(rf"(linear|cosine)(?: to ({_NUMBER}))?")
_STEP = re.compile(rf"step by ({_NUMBER}) at ({_NUMBER}(?:, {_NUMBER})*)")
_REMEDY = (
    "write constant, linear, cosine, {linear: 0.1} or {cosine: 0.1} (the share of the rate at the end), or "
    "{step: {at: [0.5, 0.75], factor: 0.1}} (parts of the training, and the factor at each)"
)

RateShare = Callable[[float], float]
"""The finished part of a training, in [0, 1] => the learning rate over the one at its start."""


@cache
def rate_share(schedule: str) -> RateShare:
    """The function that a schedule's text names. Raises ValueError if it names none.

    linear: to 0, or to a given share. cosine: from 1 to 0 or to that share, as in equation 5 of Loshchilov and Hutter
    2017 (SGDR, arXiv:1608.03983), without restarts. step: times a factor at each of some points, as in He et al. 2015
    (ResNet, arXiv:1512.03385), section 3.4.
    """
    if schedule == "constant":
        return lambda part: 1.0
    if found := _FALL.fullmatch(schedule):
        end = float(found[2] or 0)
        if end < 1:
            falls = (lambda part: 1 - part) if found[1] == "linear" else (lambda part: (1 + cos(pi * part)) / 2)
            return lambda part: end + (1 - end) * falls(part)
    if found := _STEP.fullmatch(schedule):
        factor, points = float(found[1]), [float(point) for point in found[2].split(", ")]
        if 0 < factor < 1 and all(0 < point < 1 for point in points) and points == sorted(set(points)):
            return lambda part: factor ** sum(point <= part for point in points)
    raise ValueError(f"a schedule of a learning rate falls from 1 within the training, but got {schedule}; {_REMEDY}")


def schedule_to_text(value: Any) -> Any:
    """A mapping such as {cosine: 0.1} as its text; any other value as it is. Raises ValueError if it is no schedule."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, given),) = value.items()
    match kind, given:
        case "linear" | "cosine", int() | float():
            text = f"{kind} to {given:g}"
        case "step", {"at": [*points], "factor": int() | float() as factor} if len(given) == 2:
            text = f"step by {factor:g} at {', '.join(map(str, points))}"
        case "linear" | "cosine" | "step", _:
            text = str(value).replace("'", "")
        case _:
            return value
    rate_share(text)
    return text


def _validated(value: Any) -> Any:
    text = schedule_to_text(value)
    rate_share(str(text))
    return text


LrSchedule = Annotated[str, BeforeValidator(_validated, json_schema_input_type=str | dict[str, Any])]
"""constant, linear, cosine, {linear: 0.1}, {cosine: 0.1}, or {step: {at: [0.5, 0.75], factor: 0.1}}."""
