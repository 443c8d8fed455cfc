"""A number with its uncertainty."""

from dataclasses import dataclass

CONFIDENCE = 0.95
"""Nominal coverage of all intervals."""


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval, in the same unit."""

    value: float
    low: float
    high: float
