"""Rank the arms by their confirmed seeds, with a rank test for each pair."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean

from gan_study.analysis.comparison.same_arms import are_same_arm
from gan_study.analysis.comparison.same_trainings import first_copies, num_same
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.statistics.rank_test import SIGNIFICANCE, holm, mann_whitney_p, probability_lower, smallest_p


@dataclass(frozen=True)
class PairComparison:
    """The rank test of two arms: how often a confirmed seed of `a` scores lower than one of `b`."""

    a: str
    b: str
    num_a: int
    num_b: int
    probability_lower: float
    """P(A < B), where ties count one half."""
    p: float | None
    """Two-sided exact Mann-Whitney p. None if seeds of both are the same trainings, since the test needs independent
    scores."""
    p_holm: float | None
    """`p` after the correction for several looks, and Holm's over all tests of the comparison. A copy of an arm adds no
    test of its own."""
    smallest_p: float | None
    """The smallest `p_holm` that is possible with the numbers of seeds of all tested arms; None without a test."""
    num_same: int = 0
    """Seeds of `a` that are the same trainings as seeds of `b`."""
    counted_as: tuple[str, str] | None = None
    """The pair whose test this is, if `a`, `b` or both are copies of other arms; else None."""
    is_same_arm: bool = False
    """True if the two are one arm in two studies, so that two searches are compared and not two arms."""

    @property
    def is_tested(self) -> bool:
        """True if the scores are independent, so that there is a p value."""
        return self.p_holm is not None

    @property
    def is_own_test(self) -> bool:
        """True if Holm's correction counts this test."""
        return self.is_tested and self.counted_as is None

    @property
    def is_copy(self) -> bool:
        """True if all seeds of both arms are the same trainings."""
        return self.num_same == self.num_a == self.num_b

    @property
    def scored(self) -> tuple[str, str]:
        """The arms whose scores are compared."""
        return self.counted_as or (self.a, self.b)

    @property
    def is_distinguishable(self) -> bool:
        """True if the corrected p value is below the level of significance."""
        return self.p_holm is not None and self.p_holm < SIGNIFICANCE

    @property
    def is_rival(self) -> bool:
        """True if `a` could beat `b` as a method: they are neither the same arm nor copies."""
        return not (self.is_same_arm or self.is_copy)

    @property
    def is_better(self) -> bool:
        """True if `a` scores lower than `b` by more than chance."""
        return self.is_distinguishable and self.probability_lower > 0.5

    @property
    def swapped(self) -> "PairComparison":
        """This test with `a` and `b` exchanged."""
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
    """The order of the arms and the tests of all pairs."""

    standing: tuple[str, ...]
    """The arms by decreasing mean of P(A < B) over the other arms; ties by mean score, the lowest first. Copies of an
    arm count once in these means."""
    pairs: tuple[PairComparison, ...]
    """Every pair once."""

    @property
    def leader(self) -> str:
        """The first arm of the ranking."""
        return self.standing[0]

    @property
    def leader_pairs(self) -> tuple[PairComparison, ...]:
        """The pairs of the leader, as `a`, with each other arm."""
        return tuple(p if p.a == self.leader else p.swapped for p in self.pairs if self.leader in (p.a, p.b))


def rank_arms(
    arms: Sequence[ConfirmedArm], same_arms: Collection[Collection[str]] = (), level_share: float = 1.0
) -> Ranking:
    """Compare two or more arms pair by pair, with Holm's correction over the pairs that can be tested.

    same_arms: groups of arms with equal definitions. An arm that has exactly the trainings of an earlier arm is a copy
    of it. A copy takes over the numbers of that arm, whatever it scored itself, because it is neither further evidence
    nor a further test.

    level_share: the share of the level that these tests may spend, by which p values are divided (`level_shares`).
    """
    first = first_copies({arm.arm: arm.trials for arm in arms})
    tested = {
        (p.a, p.b): p
        for pair in _tested([a for a in arms if first[a.arm] == a.arm], level_share)
        for p in (pair, pair.swapped)
    }

    def compare(a: ConfirmedArm, b: ConfirmedArm) -> PairComparison:
        scored = first[a.arm], first[b.arm]
        if scored[0] == scored[1]:
            return _measured(a, b)
        return replace(tested[scored], a=a.arm, b=b.arm, counted_as=scored if scored != (a.arm, b.arm) else None)

    pairs = tuple(
        replace(compare(a, b), is_same_arm=are_same_arm(a.arm, b.arm, same_arms)) for a, b in combinations(arms, 2)
    )
    chances = _mean_chances(pairs)
    means = {arm.arm: fmean(arm.counted) for arm in arms}
    names = [arm.arm for arm in arms]
    standing = sorted(names, key=lambda arm: (-chances.get(arm, 0.5), means[first[arm]], names.index(first[arm])))
    return Ranking(tuple(standing), pairs)


def _tested(arms: Sequence[ConfirmedArm], level_share: float) -> list[PairComparison]:
    """Test every pair of arms, none of which is a copy."""
    chosen = list(combinations(arms, 2))
    raw = [None if num_same(a.trials, b.trials) else mann_whitney_p(a.counted, b.counted) for a, b in chosen]
    tested = [(a, b) for (a, b), p in zip(chosen, raw, strict=True) if p is not None]
    corrected = iter(holm([p / level_share for p in raw if p is not None]))
    # Holm's corrected values grow with each of the uncorrected ones.
    smallest = iter(holm([smallest_p(len(a.counted), len(b.counted)) / level_share for a, b in tested]))
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
    """By arm, the mean of P(A < B) over the arms that are no copies of it; arms with only copies are left out."""
    chances: dict[str, dict[str, float]] = {}
    for pair in pairs:
        if not pair.is_copy:
            for seen in (pair, pair.swapped):
                chances.setdefault(seen.a, {})[seen.scored[1]] = seen.probability_lower
    return {arm: fmean(found.values()) for arm, found in chances.items()}
