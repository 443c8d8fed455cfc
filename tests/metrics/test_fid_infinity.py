import numpy as np
import pytest

from gan_study.metrics.fid_infinity import features_to_frechet_infinity
from gan_study.metrics.frechet import (
    FrechetReference,
    features_to_frechet_distance,
    gaussian_to_reference,
)
from gan_study.metrics.frechet_floor import frechet_floor
from gan_study.metrics.statistics import Gaussian

DIMS = 16
REFERENCE = gaussian_to_reference(Gaussian(None, np.zeros(DIMS), np.eye(DIMS)))
"""The real Gaussian itself, as if fitted to infinitely many images."""
TRUE_DISTANCE = DIMS * (1.5 - 1) ** 2 + DIMS * 0.1**2
"""The distance between N(0.1, 1.5^2 I) and N(0, I)."""


def generated(num: int, seed: int) -> np.ndarray:
    return 1.5 * np.random.default_rng(seed).normal(size=(num, DIMS)) + 0.1


def distance(features: np.ndarray, reference: FrechetReference = REFERENCE) -> float:
    result = features_to_frechet_distance(features, reference)
    assert result is not None
    return result.value


def test_extrapolation_takes_the_bias_away() -> None:
    values, plain = [], []
    for seed in range(100):
        features = generated(500, seed)
        values.append(features_to_frechet_infinity(features, REFERENCE, seed=seed).value)
        plain.append(distance(features))
    standard_error = np.std(values) / 100**0.5
    assert np.mean(values) == pytest.approx(TRUE_DISTANCE, abs=4 * standard_error)
    # Without it, 500 images are off by many standard errors.
    assert np.mean(plain) - TRUE_DISTANCE == pytest.approx(0.27, abs=0.1)


def test_points_are_the_distances_of_subsets_and_of_all() -> None:
    features = generated(1000, seed=0)
    result = features_to_frechet_infinity(features, REFERENCE)
    assert len(result.nums) == len(result.distances) == 15
    assert (result.nums[0], result.nums[7], result.nums[-1]) == (100, 550, 1000)
    assert result.distances[-1] == pytest.approx(distance(features), rel=1e-12)
    slope, intercept = np.polyfit(1 / np.array(result.nums), result.distances, 1)
    assert (result.value, result.slope) == pytest.approx((intercept, slope), rel=1e-9)


def test_smallest_number_is_that_from_which_it_is_linear() -> None:
    # A tenth of 100 images would be fewer than 2.4 for each of 16 dimensions.
    assert features_to_frechet_infinity(generated(100, seed=0), REFERENCE).nums[0] == 39


def test_slope_is_the_bias_of_a_perfect_generator() -> None:
    features = np.random.default_rng(1).normal(size=(4000, DIMS))
    slopes = [features_to_frechet_infinity(features, REFERENCE, seed=seed).slope for seed in range(10)]
    floor_per_image = frechet_floor(np.eye(DIMS), num_generated=1, num_real=10**12)
    assert np.mean(slopes) == pytest.approx(floor_per_image, rel=0.1)


def test_interval_covers_what_the_same_images_tell() -> None:
    # Over other subsets of the same images, the line meets 1/N = 0 in the intervals about as often as they say.
    features = generated(2000, seed=2)
    results = [features_to_frechet_infinity(features, REFERENCE, seed=seed) for seed in range(60)]
    center = np.mean([result.value for result in results])
    assert np.mean([result.low <= center <= result.high for result in results]) == pytest.approx(0.95, abs=0.05)
    for result in results:
        assert (result.low + result.high) / 2 == pytest.approx(result.value, rel=1e-9)


def test_fewer_images_than_a_line_needs_are_refused() -> None:
    with pytest.raises(ValueError, match="generated features: there must be at least 78, but got num=77"):
        features_to_frechet_infinity(generated(77, seed=0), REFERENCE)
    features = generated(100, seed=0)
    features[5, 5] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        features_to_frechet_infinity(features, REFERENCE)
