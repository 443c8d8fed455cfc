"""Means of seeds and their bootstrap intervals against enumeration, rliable and a simulation."""

from collections import Counter
from collections.abc import Sequence
from itertools import product
from statistics import fmean

import numpy as np
import pytest
from support.present import present

from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.seed_scores import SeedScores, describe_seeds

# Six seeds of two configurations.
STRATA = ([9.5, 10.0, 11.0, 10.5, 12.0, 9.0], [21.0, 24.0, 22.5, 30.0, 26.0, 23.0])


def interquartile_mean(values: Sequence[float]) -> float:
    left_out = len(values) // 4
    return fmean(sorted(values)[left_out : len(values) - left_out])


def test_below_five_seeds_there_are_raw_scores_only() -> None:
    assert describe_seeds([3.0, 1.0, 2.0, 9.0]) == SeedScores(((3.0, 1.0, 2.0, 9.0),), None, None)
    assert describe_seeds([3.0, 1.0, 2.0, 9.0, 5.0], [1.0]).mean is None


def assert_interval(estimate: Estimate, values: Sequence[float], counts: Sequence[int]) -> None:
    """The limits are the 2.5 % and 97.5 % quantiles of all resamples, as exactly as 50 000 drawn ones can tell.

    values, counts: every value of the statistic and the number of resamples that have it.
    """
    share = np.array(counts) / np.sum(counts)
    for limit, level in ((estimate.low, 0.025), (estimate.high, 0.975)):
        reached = np.isclose(values, limit)
        assert reached.any()
        below = share[(np.array(values) < limit) & ~reached].sum()
        # Four standard deviations of a share of 2.5 % among 50 000.
        assert below - 0.003 < level < below + share[reached].sum() + 0.003


def test_intervals_of_one_stratum_equal_enumeration() -> None:
    scores = [1.0, 2.0, 4.0, 8.0, 120.0]
    found = describe_seeds(scores)
    for described, aggregate in ((found.mean, fmean), (found.interquartile_mean, interquartile_mean)):
        estimate = present(described)
        assert estimate.value == pytest.approx(aggregate(scores))
        every = Counter(aggregate(drawn) for drawn in product(scores, repeat=5))
        assert_interval(estimate, list(every), list(every.values()))


def test_intervals_of_two_strata_equal_enumeration() -> None:
    strata = ([1.0, 2.0, 4.0, 8.0, 9.0], [30.0, 31.0, 33.0, 35.0, 40.0])
    first, second = (Counter(tuple(sorted(drawn)) for drawn in product(stratum, repeat=5)) for stratum in strata)
    every: Counter[float] = Counter()
    for (a, ways_a), (b, ways_b) in product(first.items(), second.items()):
        every[fmean(a + b)] += ways_a * ways_b
    found = describe_seeds(*strata)
    assert present(found.mean).value == pytest.approx(fmean(strata[0] + strata[1]))
    assert_interval(present(found.mean), list(every), list(every.values()))
    # Drawn from all ten at once, the interval would be about 17 wide.
    assert present(found.mean).high - present(found.mean).low == pytest.approx(4.1, abs=0.2)


def test_two_strata_equal_rliable() -> None:
    # rliable 1.2.0 with arch 7.2.0: get_interval_estimates of aggregate_mean and aggregate_iqm over the 6 by 2 matrix
    # with these columns, reps=50000, RandomState(0).
    found = describe_seeds(*STRATA)
    assert found.num == 12
    assert present(found.mean).value == pytest.approx(17.375)
    assert present(found.interquartile_mean).value == pytest.approx(16.66666667)
    assert (present(found.mean).low, present(found.mean).high) == pytest.approx((16.25, 18.70833333), abs=0.05)
    iqm = present(found.interquartile_mean)
    assert (iqm.low, iqm.high) == pytest.approx((15.83333333, 17.83333333), abs=0.05)


def test_the_same_scores_have_the_same_intervals() -> None:
    assert describe_seeds(*STRATA) == describe_seeds(*STRATA)
