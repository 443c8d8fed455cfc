from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gan_study.metrics.statistics import FeatureStats, StatsSum, check_features, features_to_stats, merge_stats


def assert_equal_stats(a: FeatureStats, b: FeatureStats, tolerance: float) -> None:
    assert a.num == b.num
    np.testing.assert_allclose(a.mean, b.mean, rtol=tolerance, atol=0)
    np.testing.assert_allclose(a.covariance(), b.covariance(), rtol=0, atol=tolerance)


def offset_features(num: int, dims: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(num, dims)) + 1000


def test_values_worked_out_by_hand() -> None:
    # The mean of (0, 0), (2, 2), (4, -2) is (2, 0), the distances from it are (-2, 0), (0, 2), (2, -2).
    stats = features_to_stats(np.array([[0, 0], [2, 2], [4, -2]], dtype=np.float32))
    assert stats.num == 3
    assert stats.mean.tolist() == [2, 0]
    assert stats.m2.tolist() == [[8, -4], [-4, 8]]
    assert stats.covariance().tolist() == [[4, -2], [-2, 4]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_float_type_is_summed_in_float64(dtype: type[np.floating[Any]]) -> None:
    features: NDArray[np.floating[Any]] = offset_features(500, 6).astype(dtype)
    before = features.copy()
    stats = features_to_stats(features)
    assert stats.m2.dtype == stats.mean.dtype == np.float64
    np.testing.assert_allclose(stats.covariance(), np.cov(features.astype(np.float64), rowvar=False), rtol=0, atol=1e-9)
    assert np.array_equal(features, before)


@pytest.mark.parametrize("order_seed", [0, 1, 2])
def test_shards_merged_in_any_order_and_grouping_equal_all_at_once(order_seed: int) -> None:
    features = offset_features(1000, 8)
    shards = [features_to_stats(shard) for shard in np.split(features, [0, 1, 2, 40, 41, 500, 990])]
    assert [shard.num for shard in shards] == [0, 1, 1, 38, 1, 459, 490, 10]
    random = np.random.default_rng(order_seed)
    while len(shards) > 1:
        first, second = (shards.pop(random.integers(len(shards))) for _ in range(2))
        shards.append(merge_stats([first, second]))
    assert_equal_stats(shards[0], features_to_stats(features), tolerance=1e-9)


@pytest.mark.parametrize("dims", [255, 256, 257, 600])
def test_parts_with_many_dimensions_add_up_to_the_covariance_of_all(dims: int) -> None:
    """The upper triangle, which is not computed, mirrors the lower one. The parts are left as they were."""
    features = offset_features(400, dims)
    before, total = features.copy(), StatsSum()
    for part in np.split(features, [1, 150]):
        total.add_features(torch.from_numpy(part))
    stats = total.result()
    np.testing.assert_allclose(stats.covariance(), np.cov(features, rowvar=False), rtol=0, atol=1e-12)
    np.testing.assert_allclose(stats.mean, features.mean(0), rtol=1e-14)
    assert np.array_equal(stats.m2, stats.m2.T)
    assert np.array_equal(total.result().m2, stats.m2)  # asking for the result changes nothing
    assert np.array_equal(features, before)


def test_sums_of_squares_would_miss_that_tolerance() -> None:
    # What merging is for: with a mean of 1000, the textbook formula loses the digits that the test above asks for.
    features = offset_features(1000, 8)
    squares = sum(shard.T @ shard for shard in np.split(features, 10))
    mean = features.mean(axis=0)
    textbook = (squares - 1000 * np.outer(mean, mean)) / 999
    assert np.abs(textbook - features_to_stats(features).covariance()).max() > 1e-9


def test_empty_statistics_change_nothing() -> None:
    empty = features_to_stats(np.empty((0, 3), dtype=np.float32))
    assert (empty.num, empty.mean.tolist(), empty.m2.tolist()) == (0, [0] * 3, [[0] * 3] * 3)
    assert merge_stats([empty, empty]).num == 0
    stats = features_to_stats(offset_features(5, 3))
    for merged in (merge_stats([empty, stats]), merge_stats([stats, empty])):
        assert_equal_stats(merged, stats, tolerance=0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_features_that_are_not_finite_stay_visible_after_a_merge(bad: float) -> None:
    features = offset_features(6, 3)
    features[1, 2] = bad
    stats = merge_stats(features_to_stats(shard) for shard in np.split(features, 3))
    assert stats.num == 6
    assert not np.isfinite(stats.covariance()[2, 2])


def test_one_vector_has_no_covariance() -> None:
    with pytest.raises(AssertionError, match="needs two feature vectors, not 1"):
        features_to_stats(np.ones((1, 2))).covariance()


def test_gaussian_has_mean_and_sample_covariance() -> None:
    gaussian = features_to_stats(np.array([[0, 0], [2, 2], [4, -2]], dtype=np.float32)).to_gaussian()
    assert (gaussian.num, gaussian.mean.tolist(), gaussian.covariance.tolist()) == (3, [2, 0], [[4, -2], [-2, 4]])


def test_features_are_checked() -> None:
    features = offset_features(6, 3)
    check_features(features, "real", 6)
    with pytest.raises(ValueError, match="real features: there must be at least 7, but got num=6; use more images"):
        check_features(features, "real", 7)
    features[[1, 4], [2, 0]] = np.nan, np.inf
    with pytest.raises(ValueError, match="generated features: all must be finite, but got num_non_finite=2 of 6"):
        check_features(features, "generated", 6)
