"""All statistics about the arms of a run and the pairs of them, as plain numbers and words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import prod

from gan_study.analysis.comparison.same_arms import same_arms
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.looks import level_share
from gan_study.analysis.ranking import PairComparison, rank_arms
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.number_text import quantity
from gan_study.analysis.statistics.budget_curves import (
    BestSoFarBand,
    BudgetPoint,
    Crossover,
    Curve,
    crossover,
    repeated_searches,
    search_curve,
)
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.failures import (
    ConditionalScores,
    FailureRate,
    conditional_scores,
    counted_scores,
    describe_failures,
)
from gan_study.analysis.statistics.improvement import FurtherSeeds, further_seeds, probability_of_improvement
from gan_study.analysis.statistics.random_search import BestOfN, expected_best
from gan_study.analysis.statistics.rank_test import SIGNIFICANCE
from gan_study.analysis.statistics.seed_scores import SeedScores, describe_seeds


@dataclass(frozen=True)
class SearchStatistics:
    """Statistics of an arm's search."""

    failures: FailureRate
    best_so_far: tuple[BudgetPoint, ...]
    """Best score against thousands of images spent, one point for each trial, with all repeats pooled."""
    repeated: BestSoFarBand | None
    """Median and range of the best score over the repeats of the search; None without repeats."""
    expected_best: tuple[BestOfN, ...]
    """Expected best of n sampled trials; empty unless they are independent: a random search that stops no trial."""


@dataclass(frozen=True)
class ConfirmedStatistics:
    """Statistics of the confirmed seeds of an arm's configuration."""

    source: str
    """The search trial whose configuration was re-trained."""
    counted: SeedScores
    """Scores of all seeds, by which arms are compared. A failed seed counts with the failure score."""
    successful: ConditionalScores
    """Scores of the seeds that did not fail, with the share that failed."""
    optimism: Estimate | None
    """Optimism of the search: mean counted score minus the search score of the configuration. None with fewer than five
    seeds."""


@dataclass(frozen=True)
class ArmStatistics:
    """Statistics of one arm."""

    arm: str
    search: SearchStatistics
    confirmed: ConfirmedStatistics | None
    """None before its first seed has ended."""


@dataclass(frozen=True)
class PairStatistics:
    """Statistics of two arms with confirmed seeds."""

    test: PairComparison
    """The rank test, corrected for several looks and by Holm's method over all tests of the comparison."""
    probability_lower: Estimate | None
    """P(A < B), where ties count one half. None if the scores are not independent."""
    further_seeds: FurtherSeeds | None
    """Number of further seeds that would probably decide between the two; None if the pair is decided already or cannot
    be tested."""

    @property
    def words(self) -> str:
        """The result of the test in words, such as `distinguishable` or `not tested: the same 5 trainings`.

        Also says if the two are one arm in two studies, or if the test counts as that of another pair.
        """
        if not self.test.is_tested:
            return f"not tested: the same {quantity(self.test.num_same, 'training')}"
        words = "distinguishable" if self.test.is_distinguishable else "not distinguishable"
        if self.test.is_same_arm:
            words += ", as two searches of one arm"
        if self.test.counted_as:
            words += f"; counted once, as {' v '.join(self.test.counted_as)}"
        return words

    @property
    def swapped(self) -> "PairStatistics":
        """This pair with `a` and `b` exchanged."""
        found = self.probability_lower
        turned = found and Estimate(1 - found.value, 1 - found.high, 1 - found.low)
        return replace(self, test=self.test.swapped, probability_lower=turned)


@dataclass(frozen=True)
class ArmsComparison:
    """Statistics of all arms of a run and of all pairs of confirmed arms."""

    arms: tuple[ArmStatistics, ...]
    """In the order of the study file."""
    leader: str | None
    """The leading confirmed arm, whether or not it wins; None with fewer than two confirmed arms."""
    pairs: tuple[PairStatistics, ...]
    """Every pair of confirmed arms once."""
    crossovers: tuple[Crossover, ...]
    """Pairs of arms where one overtakes the other in the search, by the median of the repeats if there are any."""
    standing: tuple[str, ...] = ()
    """The confirmed arms in the order of the ranking, leader first. Neighbours need not be distinguishable."""
    level_share: float = 1.0
    """The share of the tests' level that these seeds may spend; below 1 with `confirm.until_decided`."""

    @property
    def by_arm(self) -> dict[str, ArmStatistics]:
        """The arms by name."""
        return {arm.arm: arm for arm in self.arms}

    @property
    def leader_pairs(self) -> tuple[PairStatistics, ...]:
        """Pairs of the leader, as `a`, with each other confirmed arm; empty without a leader."""
        return self.pairs_of(self.leader) if self.leader else ()

    @property
    def num_tests(self) -> int:
        """Number of tests that Holm's correction takes into account."""
        return sum(pair.test.is_own_test for pair in self.pairs)

    def pairs_of(self, arm: str) -> tuple[PairStatistics, ...]:
        """Pairs of an arm, as `a`, with each other confirmed arm."""
        pairs = (pair for pair in self.pairs if arm in (pair.test.a, pair.test.b))
        return tuple(pair if pair.test.a == arm else pair.swapped for pair in pairs)


def compare_arms(run: RunData, collapsed: Collection[tuple[str, str]] = ()) -> ArmsComparison:
    """All statistics of a run, which may be unfinished.

    collapsed: arm and name of the trials whose generator collapsed. They count as failures in the failure rates and
    conditional scores. Without an objective there is no failure score, so confirmed seeds are not compared.
    """
    return compare_runs([run], collapsed)


def compare_runs(runs: Sequence[RunData], collapsed: Collection[tuple[str, str]] = ()) -> ArmsComparison:
    """All statistics of the arms of several runs, each searched and confirmed by its own study.

    The names of the arms must be unique over all runs, and the failure scores equal. See `compare_arms`.
    """
    place = [(run, arm) for run in runs for arm in run.arms]
    confirmed = {arm: found for run in runs for arm, found in confirmed_arms(run).items()}
    repeated = {arm: repeated_searches(run, arm) for run, arm in place}
    curves: dict[str, Curve] = {
        arm: band.median_curve if (band := repeated[arm]) else search_curve(run, arm) for run, arm in place
    }
    arms = tuple(
        ArmStatistics(
            arm,
            SearchStatistics(
                describe_failures(run.searched_trials(arm), collapsed),
                search_curve(run, arm),
                repeated[arm],
                _expected_best(run, arm),
            ),
            _confirmed_statistics(confirmed[arm], collapsed) if arm in confirmed else None,
        )
        for run, arm in place
    )
    found = (crossover(a, curves[a], b, curves[b]) for a, b in combinations(curves, 2))
    crossovers = tuple(c for c in found if c is not None)
    if len(confirmed) < 2:
        return ArmsComparison(arms, None, (), crossovers, tuple(confirmed))
    share = prod(map(level_share, runs))  # Looks of several studies make pairs of looks.
    ranking = rank_arms(list(confirmed.values()), same_arms(runs), share)
    pairs = _described(ranking.pairs, confirmed, share)
    return ArmsComparison(arms, ranking.leader, pairs, crossovers, ranking.standing, share)


def _expected_best(run: RunData, arm: str) -> tuple[BestOfN, ...]:
    search = run.study.search
    if run.objective is None or (search.sampler, search.scheduler) != ("random", "none"):
        return ()
    # The paper's defaults were chosen, not drawn.
    first = 1 if search.first_trial == "paper_defaults" else 0
    drawn = [t for t in run.trials_of_arm(arm, "search") if t.state.is_final and t.config.index >= first]
    return expected_best(counted_scores(drawn, run.objective))


def _confirmed_statistics(arm: ConfirmedArm, collapsed: Collection[tuple[str, str]]) -> ConfirmedStatistics:
    counted = describe_seeds(arm.counted)
    return ConfirmedStatistics(
        arm.source,
        counted,
        conditional_scores(arm.trials, collapsed),
        estimate_optimism(counted.mean, arm.search_score),
    )


def estimate_optimism(mean: Estimate | None, search_score: float | None) -> Estimate | None:
    """The mean of the fresh seeds minus the search score, with the limits of that mean."""
    if mean is None or search_score is None:
        return None
    return Estimate(mean.value - search_score, mean.low - search_score, mean.high - search_score)


def _described(
    tests: Sequence[PairComparison], confirmed: dict[str, ConfirmedArm], share: float
) -> tuple[PairStatistics, ...]:
    level = share * SIGNIFICANCE / max(1, sum(test.is_own_test for test in tests))

    def describe(test: PairComparison) -> PairStatistics:
        if not test.is_tested:
            return PairStatistics(test, None, None)
        a, b = (confirmed[arm].counted for arm in test.scored)
        further = further_seeds(test.probability_lower, test.num_a, test.num_b, level)
        better = probability_of_improvement(a, b, share)
        return PairStatistics(test, better, None if test.is_distinguishable else further)

    return tuple(map(describe, tests))
