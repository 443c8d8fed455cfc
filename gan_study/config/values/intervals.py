"""The default interval between two evaluations: an eighth of the training's length."""

import math
from typing import Any

NOT_KNOWN_YET = 1e-9
"""Placeholder for the interval of a study whose length in images depends on its arms, until it is worked out."""
NEVER = 1e12
"""An interval, in thousands of images, that no training reaches."""


def eighth(kimg: float) -> float:
    """An eighth of a length in thousands of images, rounded up to whole images, so that there are eight evaluations."""
    return max(1, math.ceil(round(125 * kimg, 6))) / 1000


def default_interval(values: dict[str, Any]) -> float:
    """The default of `evaluate_every_kimg` beside the other validated values of a budget or a training."""
    total_kimg = values.get("total_kimg")
    return NOT_KNOWN_YET if total_kimg is None else eighth(total_kimg)
