"""The sliced Wasserstein distance MIND, against closed forms and an independent computation of each projection."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from gan_study.metrics.mind import features_to_mind
from gan_study.metrics.statistics import Features


def normal(num: int, dims: int, seed: int) -> Features:
    return np.random.default_rng(seed).standard_normal((num, dims)).astype(np.float32)


def test_equal_features_in_another_order_have_no_distance() -> None:
    real = normal(200, 8, 0)
    assert features_to_mind(real[::-1], real) == pytest.approx(0, abs=1e-20)


def test_a_shift_counts_three_times_its_square() -> None:
    real, shift = normal(100, 16, 0), normal(1, 16, 1)
    expected = 3 * float((shift**2).sum())
    assert features_to_mind(real + shift, real, num_projections=20_000) == pytest.approx(expected, rel=0.03)


def test_another_scale_counts_as_between_normal_distributions() -> None:
    """The squared distance of N(0, s^2) and N(0, 1) is (s - 1)^2 in each direction."""
    dims = 8
    ours, theirs = 2 * normal(20_000, dims, 0), normal(20_000, dims, 1)
    assert features_to_mind(ours, theirs) == pytest.approx(3 * dims * (2 - 1) ** 2, rel=0.05)


def test_in_one_dimension_it_is_the_cheapest_assignment() -> None:
    ours, theirs = normal(60, 1, 0), 3 * normal(60, 1, 1) + 1
    costs = (ours - theirs.T).astype(np.float64) ** 2
    rows, columns = linear_sum_assignment(costs)
    assert features_to_mind(ours, theirs, num_projections=3) == pytest.approx(3 * costs[rows, columns].mean(), rel=1e-6)


def test_the_larger_side_is_represented_by_as_many_rows_as_the_smaller_has() -> None:
    few, many = normal(500, 4, 0), normal(5000, 4, 1)
    assert features_to_mind(few, many, seed=1) == features_to_mind(few, many, seed=1)
    assert 0 < features_to_mind(few, many) < 0.2
    assert features_to_mind(few, many) != features_to_mind(few, many, seed=1)


def test_more_images_of_the_same_kind_come_closer() -> None:
    found = [features_to_mind(normal(num, 16, 0), normal(num, 16, 1)) for num in (100, 1000, 10_000)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(value: float) -> None:
    broken = normal(10, 4, 0)
    broken[3, 2] = value
    with pytest.raises(ValueError, match="finite"):
        features_to_mind(broken, normal(10, 4, 1))
    with pytest.raises(ValueError, match="at least 2"):
        features_to_mind(normal(1, 4, 0), normal(10, 4, 1))
