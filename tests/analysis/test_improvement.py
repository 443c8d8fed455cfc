"""P(A < B) with its interval, and the seeds that would decide, against rliable, closed forms and simulations."""

import numpy as np
import pytest
from scipy import stats
from support.present import present

from gan_study.analysis.statistics.improvement import (
    MAX_FURTHER_SEEDS,
    FurtherSeeds,
    further_seeds,
    probability_of_improvement,
)

A = [9.5, 10.0, 11.0, 10.5, 12.0, 9.0]
B = [9.8, 11.5, 10.0, 13.0, 12.5, 10.9]


def shift_of(probability: float) -> float:
    """By how many standard deviations two normal distributions differ with this P(A < B)."""
    return float(stats.norm.ppf(probability) * np.sqrt(2))


def test_probability_equals_rliable() -> None:
    # rliable 1.2.0: probability_of_improvement of the negated scores (there, more is better), 51 of 72 half pairs.
    assert probability_of_improvement(A, B).value == pytest.approx(0.7083333333333334)


def test_the_limits_are_where_the_observed_value_is_just_plausible() -> None:
    found = probability_of_improvement(A, B)
    for limit in (found.low, found.high):
        # Hanley and McNeil 1982 for exponential scores, written with Q1 and Q2 (sizes are equal here).
        q1, q2 = limit / (2 - limit), 2 * limit**2 / (1 + limit)
        variance = (limit * (1 - limit) + 5 * (q1 - limit**2) + 5 * (q2 - limit**2)) / 36
        assert abs(found.value - limit) / np.sqrt(variance) == pytest.approx(1.959964, rel=1e-5)
    assert found.low < found.value < found.high


def test_separate_samples_still_leave_doubt() -> None:
    found = probability_of_improvement([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0])
    assert (found.value, found.high) == (1.0, 1.0)
    # 1 - L = z^2 L (1 + 4 ((1 - L) / (2 - L) + L / (1 + L))) / 25 at this L.
    assert found.low == pytest.approx(0.642703, abs=1e-6)
    turned = probability_of_improvement([6.0, 7.0, 8.0, 9.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert (turned.value, turned.low, turned.high) == pytest.approx((0.0, 0.0, 1 - found.low))


def test_all_ties_are_one_half() -> None:
    found = probability_of_improvement([120.0] * 5, [120.0] * 4)
    assert found.value == 0.5
    assert found.low == pytest.approx(1 - found.high)


@pytest.mark.parametrize(("truth", "sizes"), [(0.5, (5, 5)), (0.8, (4, 12)), (0.95, (5, 5))])
def test_how_often_the_interval_holds_the_truth(truth: float, sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    found = [
        probability_of_improvement(list(rng.normal(0, 1, sizes[0])), list(rng.normal(shift_of(truth), 1, sizes[1])))
        for _ in range(1000)
    ]
    assert np.mean([e.low <= truth <= e.high for e in found]) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("truth", [0.75, 0.9])
def test_so_many_seeds_decide_in_four_of_five_studies(truth: float) -> None:
    num = 3 + present(further_seeds(truth, 3, 4, significance=0.05).num)
    rng = np.random.default_rng(0)
    p = [
        stats.mannwhitneyu(rng.normal(0, 1, num), rng.normal(shift_of(truth), 1, num), method="exact").pvalue
        for _ in range(1000)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.8, abs=0.045)


def test_never_fewer_seeds_than_the_exact_test_needs() -> None:
    # The smallest two-sided p is 2 / binomial(2 n, n): 0.1 for 3 seeds each, 0.029 for 4, 0.0079 for 5, 0.0022 for 6.
    assert further_seeds(1.0, 3, 3, significance=0.05) == FurtherSeeds(1)
    assert further_seeds(1.0, 3, 3, significance=0.05 / 10) == FurtherSeeds(3)


def test_more_pairs_and_a_smaller_effect_need_more_seeds() -> None:
    num = present(further_seeds(0.7, 5, 5, 0.05).num)
    assert present(further_seeds(0.7, 5, 5, 0.05 / 3).num) > num
    assert present(further_seeds(0.65, 5, 5, 0.05).num) > num
    assert further_seeds(0.3, 5, 5, 0.05) == further_seeds(0.7, 5, 5, 0.05)


def test_no_effect_is_never_decided() -> None:
    found = further_seeds(0.5, 5, 5, 0.05)
    assert found.num is None
    assert found.words == f"more than {MAX_FURTHER_SEEDS} more seeds for each arm"
    assert FurtherSeeds(1).words == "1 more seed for each arm"
    assert FurtherSeeds(4).words == "4 more seeds for each arm"
