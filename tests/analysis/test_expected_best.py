"""The expected best of n trials against enumeration, explicit leaving out, and a simulation with known truth."""

from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from scipy import stats
from support.present import present

from gan_study.analysis.statistics.random_search import expected_best

SCORES = [12.0, 7.0, 120.0, 9.5, 9.5, 31.0, 8.0, 120.0]


@pytest.mark.parametrize("num_trials", range(1, len(SCORES) + 1))
def test_mean_and_spread_equal_those_of_every_choice(num_trials: int) -> None:
    bests = sorted(min(chosen) for chosen in combinations(SCORES, num_trials))
    found = expected_best(SCORES)[num_trials - 1]
    assert found.num_trials == num_trials
    assert found.expected == pytest.approx(fmean(bests))
    low, high = np.quantile(bests, [0.025, 0.975], method="inverted_cdf")
    assert found.spread == (low, high)


def test_a_quantile_that_falls_between_two_scores_is_the_lower_one() -> None:
    # Of 40 trials 1 is exactly 2.5 %: the chance of a score at most the first is 0.025, at most the 39th 0.975.
    assert expected_best([float(i) for i in range(1, 41)])[0].spread == (1.0, 39.0)


def test_all_trials_find_the_best() -> None:
    last = expected_best(SCORES)[-1]
    assert (last.expected, *last.spread) == pytest.approx((7.0, 7.0, 7.0))
    assert expected_best([]) == ()


def test_the_interval_leaves_out_each_trial_once() -> None:
    scores = list(np.random.default_rng(0).lognormal(3.0, 0.7, 12))
    for n in (1, 2, 3):
        found = expected_best(scores)[n - 1]
        without = [expected_best(scores[:i] + scores[i + 1 :])[n - 1].expected for i in range(12)]
        error = np.sqrt(11 / 12 * sum((x - fmean(without)) ** 2 for x in without))
        reach = stats.t(df=11).ppf(0.975) * error
        assert found.interval == pytest.approx((found.expected - reach, found.expected + reach))
    assert all(best.interval is None for best in expected_best(scores)[3:])


def test_of_one_trial_the_interval_is_student_s() -> None:
    scores = [3.0, 4.0, 8.0, 9.5, 11.0]
    expected = stats.t.interval(0.95, df=4, loc=fmean(scores), scale=stats.sem(scores))
    assert expected_best(scores)[0].interval == pytest.approx(expected)


def test_it_is_unbiased_and_its_interval_holds_the_truth() -> None:
    # The lowest of n uniform numbers is 1 / (n + 1) on average. Drawing with replacement would give 0.18 for n = 5
    # and 0.102 for n = 10, further off than the tolerance of four standard errors.
    rng = np.random.default_rng(0)
    searches = [expected_best(list(rng.uniform(size=20))) for _ in range(600)]
    for n in (5, 10, 15):
        means = np.array([search[n - 1].expected for search in searches])
        assert means.mean() == pytest.approx(1 / (n + 1), abs=4 * means.std() / np.sqrt(len(means)))
    intervals = [present(search[4].interval) for search in searches]
    assert np.mean([low <= 1 / 6 <= high for low, high in intervals]) == pytest.approx(0.93, abs=0.03)
