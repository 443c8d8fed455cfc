"""Learning rates and decay rates that change in the middle of a training."""

from itertools import pairwise
from typing import Annotated

from pydantic import Field, PositiveFloat

from gan_study.config.base import Frozen

DecayRate = Annotated[float, Field(ge=0, lt=1)]


class ScheduleEntry(Frozen):
    """Settings of both optimizers from one point of a training to the next entry's point."""

    from_kimg: PositiveFloat
    """Thousands of images seen; the entry holds from the first step that starts at or after this point."""
    g_lr: PositiveFloat
    """The generator's learning rate."""
    d_lr: PositiveFloat
    """The discriminator's learning rate."""
    beta1: DecayRate
    """Adam's first decay rate, for both networks; rmsprop has none."""
    beta2: DecayRate
    """Decay rate of the squared gradients, for both networks."""


Schedule = tuple[ScheduleEntry, ...]


def require_ascending(schedule: Schedule) -> Schedule:
    """The schedule as it is. Raises ValueError if an entry does not begin after the one before."""
    starts = [entry.from_kimg for entry in schedule]
    for earlier, later in pairwise(starts):
        if later <= earlier:
            raise ValueError(
                f"the entries of a schedule must follow each other, but got from_kimg={later:g} after "
                f"from_kimg={earlier:g}; sort them, and give each point once"
            )
    return schedule
