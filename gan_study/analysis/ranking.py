"""Arms against each other by their confirmed seeds: a rank test for each pair, and who leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean

from gan_study.analysis.confirmation import ConfirmedArm
from gan_study.analysis.same_trainings import num_same
from gan_study.analysis.statistics import holm, mann_whitney_p, probability_lower, smallest_p

SIGNIFICANCE = 0.05
"""An arm wins if its p against every other arm, after Holm's correction, is below this."""


@dataclass(frozen=True)
class PairComparison:
    """Two arms: how often a confirmed seed of `a` has the lower score than one of `b`."""

    a: str
    b: str
    num_a: int
    num_b: int
    probability_lower: float
    """P(A < B), ties one half."""
    p: float | None
    """Two-sided exact Mann-Whitney p; None if seeds of both are the same trainings, since it holds for independent
    scores alone."""
    p_holm: float | None
    """The same after Holm's correction over all pairs of arms that have one."""
    smallest_p: float
    """The smallest p that these numbers of seeds can give."""
    num_same: int = 0
    """Seeds of `a` that are the same trainings as seeds of `b`."""

    @property
    def is_tested(self) -> bool:
        """Whether the scores are independent, so that there is a p."""
        return self.p_holm is not None

    @property
    def is_distinguishable(self) -> bool:
        """Whether the corrected p is below the level of significance."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE

    @property
    def turned(self) -> "PairComparison":
        """The same seen from the other arm."""
        turned = 1 - self.probability_lower
        return replace(self, a=self.b, b=self.a, num_a=self.num_b, num_b=self.num_a, probability_lower=turned)


@dataclass(frozen=True)
class Ranking:
    """All pairs of arms, and who leads."""

    leader: str
    """The arm with the highest mean of P(A < B) over the others; of equals, the one with the lowest mean score."""
    pairs: tuple[PairComparison, ...]
    """Every pair once."""


def rank_arms(arms: Sequence[ConfirmedArm]) -> Ranking:
    """Compare two or more arms, pair by pair, Holm-corrected over the pairs that can be tested."""
    chosen = [(a, b, num_same(a.trials, b.trials)) for a, b in combinations(arms, 2)]
    raw = [None if same else mann_whitney_p(a.counted, b.counted) for a, b, same in chosen]
    corrected = iter(holm([p for p in raw if p is not None]))
    pairs = tuple(
        PairComparison(
            a=a.arm,
            b=b.arm,
            num_a=len(a.counted),
            num_b=len(b.counted),
            probability_lower=probability_lower(a.counted, b.counted),
            p=p,
            p_holm=None if p is None else next(corrected),
            smallest_p=smallest_p(len(a.counted), len(b.counted)),
            num_same=same,
        )
        for (a, b, same), p in zip(chosen, raw, strict=True)
    )

    def rank(arm: ConfirmedArm) -> tuple[float, float]:
        seen = (p if p.a == arm.arm else p.turned for p in pairs if arm.arm in (p.a, p.b))
        return -fmean(p.probability_lower for p in seen), fmean(arm.counted)

    return Ranking(min(arms, key=rank).arm, pairs)
