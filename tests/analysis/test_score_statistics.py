"""Statistics against exhaustive enumeration and values worked out by hand."""

from itertools import combinations
from statistics import fmean

import pytest

from gan_study.analysis.statistics.budget_curves import BudgetPoint, best_so_far
from gan_study.analysis.statistics.rank_test import holm, mann_whitney_p, probability_lower, smallest_p


def test_probability_lower_counts_a_tie_one_half() -> None:
    # Pairs: 1 < 2, 1 < 3, 3 > 2, 3 = 3.
    assert probability_lower([1.0, 3.0], [2.0, 3.0]) == 2.5 / 4
    assert probability_lower([1.0], [2.0, 3.0]) == 1.0


def enumerated_p(a: list[float], b: list[float]) -> float:
    """Twice the smaller tail of U over every way to deal the scores to the two samples."""

    def u(chosen: tuple[int, ...]) -> float:
        first = [values[i] for i in chosen]
        second = [values[i] for i in range(len(values)) if i not in chosen]
        return sum((x > y) + 0.5 * (x == y) for x in first for y in second)

    values = a + b
    dealt = [u(chosen) for chosen in combinations(range(len(values)), len(a))]
    observed = u(tuple(range(len(a))))
    tails = fmean(x <= observed for x in dealt), fmean(x >= observed for x in dealt)
    return min(1.0, 2 * min(tails))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]),
        ([1.0, 7.0, 3.0, 4.0, 5.0], [6.0, 2.0, 8.0, 9.0, 10.0]),
        ([9.0, 8.0, 1.0], [2.0, 7.0, 6.0, 5.0]),
        ([1.0, 2.0, 3.0, 4.0, 120.0], [5.0, 6.0, 120.0, 120.0, 7.0]),
        ([9.0], [120.0, 120.0]),
        ([120.0], [1.0, 120.0, 2.0, 3.0, 4.0]),
        ([3.0], [1.0, 2.0, 2.0, 3.0]),
    ],
)
def test_mann_whitney_p_equals_enumeration(a: list[float], b: list[float]) -> None:
    assert mann_whitney_p(a, b) == pytest.approx(enumerated_p(a, b))
    assert mann_whitney_p(b, a) == pytest.approx(enumerated_p(a, b))


def test_equal_samples_have_p_one() -> None:
    assert mann_whitney_p([120.0, 120.0], [120.0, 120.0]) == 1.0


@pytest.mark.parametrize(("num_a", "num_b"), [(1, 1), (3, 3), (4, 4), (5, 5), (2, 6)])
def test_smallest_p_is_that_of_separated_samples(num_a: int, num_b: int) -> None:
    low, high = [float(i) for i in range(num_a)], [float(100 + i) for i in range(num_b)]
    assert smallest_p(num_a, num_b) == pytest.approx(mann_whitney_p(low, high))


def test_holm_multiplies_the_smallest_p_by_all_and_never_decreases() -> None:
    # Sorted 0.01, 0.03, 0.04: times 3, 2, 1 gives 0.03, 0.06, 0.04; the last is raised to 0.06.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_best_so_far_counts_the_budget_of_trials_without_a_score() -> None:
    points = best_so_far([(10.0, None), (40.0, 9.0), (20.0, None), (40.0, 12.0), (5.0, 7.0)])
    assert points == [
        BudgetPoint(10.0, None),
        BudgetPoint(50.0, 9.0),
        BudgetPoint(70.0, 9.0),
        BudgetPoint(110.0, 9.0),
        BudgetPoint(115.0, 7.0),
    ]
