"""The Gaussian process: against scikit-learn's where the data determine the scales, and against simulated truths."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gan_study.analysis.statistics.gaussian_process import GaussianProcess

Floats = NDArray[np.float64]


def step(points: Floats) -> Floats:
    found: Floats = np.where(points[:, 0] > 0.4, 1.5, 0) + np.sin(3 * points[:, 1])
    return found


def bowl(points: Floats) -> Floats:
    found: Floats = 4 * (points[:, 0] - 0.7) ** 2 + points[:, 1]
    return found


def observed(truth: Callable[[Floats], Floats], num: int, noise: float, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    points = rng.uniform(size=(num, 5))
    return points, truth(points) + noise * rng.normal(size=num)


@pytest.mark.parametrize("truth", [step, bowl])
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_intervals_from_eight_observations_hold_the_truth(truth: Callable[[Floats], Floats], noise: float) -> None:
    """Values and differences of values, 4 in each of 40 data sets: 95 % intervals hold the truth in 88 % or more."""
    held = []
    weights = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [1, -1, 0, 0], [0, 0, 1, -1]])
    for seed in range(40):
        points, values = observed(truth, 8, noise, seed)
        unseen = np.random.default_rng(1000 + seed).uniform(size=(4, 5))
        low, high = np.quantile(GaussianProcess(points, values).samples(unseen, weights), [0.025, 0.975], axis=0)
        held.append((low <= weights @ truth(unseen)) & (weights @ truth(unseen) <= high))
    assert np.mean(held) >= 0.88


def test_more_observations_give_narrower_intervals() -> None:
    widths = []
    for num in (8, 30):
        points, values = observed(bowl, num, 0.1, 0)
        samples = GaussianProcess(points, values).samples(np.full((1, 5), 0.5), np.ones((1, 1)))
        widths.append(np.subtract(*np.quantile(samples, [0.975, 0.025])))
    assert widths[1] < widths[0] / 3


def test_replicates_tell_the_noise() -> None:
    """Ten equal configurations whose values scatter with 0.5 leave their mean uncertain by 0.5 / sqrt(10)."""
    rng = np.random.default_rng(0)
    points = np.concatenate([np.full((10, 2), 0.5), rng.uniform(size=(6, 2))])
    values = np.concatenate([0.5 * rng.normal(size=10), 4 + 0.5 * rng.normal(size=6)])
    samples = GaussianProcess(points, values).samples(np.full((1, 2), 0.5), np.ones((1, 1)))
    assert np.std(samples) == pytest.approx(0.5 / np.sqrt(10), rel=0.5)
    assert np.mean(samples) == pytest.approx(np.mean(values[:10]), abs=0.3)


def test_the_mean_is_scikit_learn_s_if_data_determine_the_scales() -> None:
    """With many exact observations of a smooth function, averaging over scales and choosing them give one answer."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    points, values = observed(bowl, 40, 0.05, 3)
    points = points[:, :2]  # the others do nothing
    unseen = np.random.default_rng(9).uniform(0.2, 0.8, size=(10, 2))
    kernel = ConstantKernel() * RBF(np.ones(2)) + WhiteKernel()
    theirs = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0).fit(points, values).predict(unseen)
    ours = GaussianProcess(points, values).samples(unseen, np.eye(10)).mean(axis=0)
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def test_r2_is_near_1_for_a_clear_dependence_and_near_0_for_none() -> None:
    assert GaussianProcess(*observed(bowl, 24, 0.05, 0)).cross_validated_r2() > 0.8
    none = [GaussianProcess(*observed(lambda p: 0 * p[:, 0], 16, 1.0, s)).cross_validated_r2() for s in range(10)]
    assert abs(float(np.median(none))) < 0.1
    assert sum(r2 < 0.1 for r2 in none) >= 8


def test_the_same_observations_give_the_same_samples() -> None:
    points, values = observed(step, 8, 0.1, 0)
    first, second = (GaussianProcess(points, values).samples(points[:2], np.eye(2)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
