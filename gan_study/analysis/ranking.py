"""Arms against each other by their confirmed seeds: a rank test for each pair, and who leads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean

from gan_study.analysis.comparison.same_arms import are_same
from gan_study.analysis.comparison.same_trainings import first_copies, num_same
from gan_study.analysis.confirmation import ConfirmedArm
from gan_study.analysis.statistics.two_samples import SIGNIFICANCE, holm, mann_whitney_p, probability_lower, smallest_p


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
    """The same after Holm's correction over all tests that are made: a copy of an arm makes none of its own."""
    smallest_p: float | None
    """The smallest `p_holm` that the numbers of seeds of all tested arms can give; None without a test."""
    num_same: int = 0
    """Seeds of `a` that are the same trainings as seeds of `b`."""
    counted_as: tuple[str, str] | None = None
    """The pair that all numbers are of, since `a`, `b` or both are copies of its arms; None for numbers of its own."""
    is_same_arm: bool = False
    """Whether the two are defined alike in two studies: what is compared is then two searches."""

    @property
    def is_tested(self) -> bool:
        """Whether the scores are independent, so that there is a p."""
        return self.p_holm is not None

    @property
    def is_own_test(self) -> bool:
        """Whether it is one of the tests that Holm's correction counts."""
        return self.is_tested and self.counted_as is None

    @property
    def is_copy(self) -> bool:
        """Whether all seeds of both are the same trainings."""
        return self.num_same == self.num_a == self.num_b

    @property
    def scored(self) -> tuple[str, str]:
        """The arms whose scores are compared."""
        return self.counted_as or (self.a, self.b)

    @property
    def is_distinguishable(self) -> bool:
        """Whether the corrected p is below the level of significance."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE

    @property
    def turned(self) -> "PairComparison":
        """The same seen from the other arm."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            num_a=self.num_b,
            num_b=self.num_a,
            probability_lower=1 - self.probability_lower,
            counted_as=self.counted_as and self.counted_as[::-1],
        )


@dataclass(frozen=True)
class Ranking:
    """All pairs of arms, and in which order the arms stand."""

    standing: tuple[str, ...]
    """By the mean of P(A < B) over the others; of equals, the one with the lowest mean score first. Of copies of one
    arm, one stands for all."""
    pairs: tuple[PairComparison, ...]
    """Every pair once."""

    @property
    def leader(self) -> str:
        """The arm that stands first."""
        return self.standing[0]


def rank_arms(arms: Sequence[ConfirmedArm], same_arms: Collection[Collection[str]] = ()) -> Ranking:
    """Compare two or more arms, pair by pair, Holm-corrected over the pairs that can be tested.

    same_arms: groups of arms that are defined alike. An arm whose trainings are all those of an arm before it is its
    copy and takes over its numbers, whatever it scored itself: it is no second piece of evidence, and no second test.
    """
    first = first_copies({arm.arm: arm.trials for arm in arms})
    tested = {
        (p.a, p.b): p for pair in _tested([a for a in arms if first[a.arm] == a.arm]) for p in (pair, pair.turned)
    }

    def compare(a: ConfirmedArm, b: ConfirmedArm) -> PairComparison:
        scored = first[a.arm], first[b.arm]
        if scored[0] == scored[1]:
            return _measured(a, b)
        return replace(tested[scored], a=a.arm, b=b.arm, counted_as=scored if scored != (a.arm, b.arm) else None)

    pairs = tuple(
        replace(compare(a, b), is_same_arm=are_same(a.arm, b.arm, same_arms)) for a, b in combinations(arms, 2)
    )
    chances = _mean_chances(pairs)
    means = {arm.arm: fmean(arm.counted) for arm in arms}
    names = [arm.arm for arm in arms]
    standing = sorted(names, key=lambda arm: (-chances.get(arm, 0.5), means[first[arm]], names.index(first[arm])))
    return Ranking(tuple(standing), pairs)


def _tested(arms: Sequence[ConfirmedArm]) -> list[PairComparison]:
    """Every pair of arms of which none is a copy."""
    chosen = list(combinations(arms, 2))
    raw = [None if num_same(a.trials, b.trials) else mann_whitney_p(a.counted, b.counted) for a, b in chosen]
    tested = [(a, b) for (a, b), p in zip(chosen, raw, strict=True) if p is not None]
    corrected = iter(holm([p for p in raw if p is not None]))
    # Holm's corrected values grow with each of the uncorrected ones.
    smallest = iter(holm([smallest_p(len(a.counted), len(b.counted)) for a, b in tested]))
    return [
        _measured(a, b) if p is None else _measured(a, b, p, next(corrected), next(smallest))
        for (a, b), p in zip(chosen, raw, strict=True)
    ]


def _measured(
    a: ConfirmedArm,
    b: ConfirmedArm,
    p: float | None = None,
    p_holm: float | None = None,
    smallest: float | None = None,
) -> PairComparison:
    return PairComparison(
        a=a.arm,
        b=b.arm,
        num_a=len(a.counted),
        num_b=len(b.counted),
        probability_lower=probability_lower(a.counted, b.counted),
        p=p,
        p_holm=p_holm,
        smallest_p=smallest,
        num_same=num_same(a.trials, b.trials),
    )


def _mean_chances(pairs: Sequence[PairComparison]) -> Mapping[str, float]:
    """By arm, the mean of P(A < B) over the others, as far as there are any that are no copies of it."""
    chances: dict[str, dict[str, float]] = {}
    for pair in pairs:
        if not pair.is_copy:
            for seen in (pair, pair.turned):
                chances.setdefault(seen.a, {})[seen.scored[1]] = seen.probability_lower
    return {arm: fmean(found.values()) for arm, found in chances.items()}
