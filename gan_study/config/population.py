"""Settings of population based training, and the hyperparameters that it changes."""

from typing import Annotated, Final, Self

from pydantic import Field, PositiveFloat, model_validator

from gan_study.config.base import Frozen

SCHEDULED: Final = ("lr", "g_lr", "d_lr", "beta1", "beta2")
"""Hyperparameters that can change in the middle of a training; all others are fixed from its first step."""


class PbtConfig(Frozen):
    """pbt: all search trials of an arm form one population and are compared at equal numbers of images."""

    interval_kimg: PositiveFloat | None = None
    """Images between two comparisons, a multiple of evaluate_every_kimg; default: evaluate_every_kimg."""
    share: Annotated[float, Field(gt=0, le=0.5)] = 0.25
    """Share of the running trials that are replaced at each comparison: the worst (at least one) continue as copies of
    as many of the best."""
    resample_probability: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Chance that a copy draws one of its rates anew from the range instead of changing its parent's."""
    factors: tuple[PositiveFloat, PositiveFloat] = (0.8, 1.2)
    """A changed learning rate is its parent's times one of these factors; for a decay rate, the factor applies to its
    distance from 1. Both stay in the range. A choice takes the next lower or higher value."""

    @model_validator(mode="after")
    def _up_and_down(self) -> Self:
        low, high = self.factors
        if not low < 1 < high:
            raise ValueError(
                f"one factor must be below 1 and the other above, but got factors=[{low:g}, {high:g}]; "
                "give such as [0.8, 1.2]"
            )
        return self
