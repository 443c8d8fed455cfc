"""The spending of a test's level over several looks at growing samples."""

from collections.abc import Sequence
from itertools import pairwise


def level_shares(looks: Sequence[int]) -> tuple[float, ...]:
    """The share of the level that each look may spend: the seeds since the look before, divided by all seeds.

    This is the linear spending function of Kim and DeMets 1987. A look divides its p values by its share before they
    are compared with the level. By Bonferroni's inequality, the chance that any look rejects a true hypothesis is then
    at most the level, whatever the scores, their ties and the rule by which looks end. Boundaries from the correlation
    of the looks (Lan and DeMets 1983) would need about a tenth fewer seeds, but hold for many seeds without ties only.

    looks: seeds of each arm at each look, in increasing order.
    """
    return tuple((now - before) / looks[-1] for before, now in pairwise((0, *looks)))
