from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray

from gan_study.metrics.frechet import (
    FrechetDistance,
    features_to_frechet_distance,
    gaussian_to_frechet_distance,
    gaussian_to_reference,
    reference_floor,
    stats_to_frechet_distance,
    stats_to_reference,
)
from gan_study.metrics.frechet_floor import frechet_floor
from gan_study.metrics.statistics import FeatureStats, Gaussian, features_to_stats, merge_stats

Array = NDArray[np.float64]
LARGE_NUM = 10_000


def gaussian(mean: list[float] | Array, covariance: list[list[float]] | Array) -> FeatureStats:
    """Statistics with exactly this mean and covariance."""
    return FeatureStats(LARGE_NUM, np.array(mean, dtype=float), np.array(covariance, dtype=float) * (LARGE_NUM - 1))


def distance(generated: FeatureStats, real: FeatureStats) -> FrechetDistance:
    result = stats_to_frechet_distance(generated, stats_to_reference(real))
    assert result is not None
    return result


def feature_distance(generated: Array, real: Array) -> float:
    return distance(features_to_stats(generated), features_to_stats(real)).value


def direct_distance(generated: NDArray[np.floating[Any]], real: Array) -> float:
    """The distance from the features themselves, which uses singular values if there are fewer than dimensions."""
    result = features_to_frechet_distance(generated, stats_to_reference(features_to_stats(real)))
    assert result is not None
    return result.value


def correlated_features(num: int, dims: int, seed: int) -> Array:
    random = np.random.default_rng(seed)
    return random.normal(size=(num, dims)) @ random.normal(size=(dims, dims)) + random.normal(size=dims)


def test_scaled_gaussians() -> None:
    # N(m, 9 I) against N(0, I) in 3 dimensions: |m|^2 = 1 + 4 + 4, and 3 (sqrt 9 - 1)^2.
    result = distance(gaussian([1, 2, -2], 9 * np.eye(3)), gaussian([0, 0, 0], np.eye(3)))
    assert result.mean_term == pytest.approx(9, rel=1e-12)
    assert result.covariance_term == pytest.approx(12, rel=1e-12)
    assert result.value == pytest.approx(21, rel=1e-12)


def test_commuting_covariances() -> None:
    # Q diag(a) Q^T against Q diag(b) Q^T: the sum of (sqrt a - sqrt b)^2 = 1 + 4 + 0 + 9.
    q = scipy.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    a, b = np.array([4.0, 9.0, 2.0, 0.0]), np.array([1.0, 1.0, 2.0, 9.0])
    result = distance(gaussian(np.zeros(4), (q * a) @ q.T), gaussian(np.zeros(4), (q * b) @ q.T))
    assert result.value == pytest.approx(14, rel=1e-6)


def test_covariances_that_do_not_commute() -> None:
    # For 2x2 matrices Tr sqrt(M) = sqrt(Tr M + 2 sqrt(det M)). M = S1 S2 = [[2, 1], [1, 2]] diag(4, 1) has the trace
    # 10 and the determinant 12; Tr S1 + Tr S2 = 9.
    result = distance(gaussian([0, 0], [[2, 1], [1, 2]]), gaussian([0, 0], [[4, 0], [0, 1]]))
    assert result.value == pytest.approx(9 - 2 * (10 + 2 * 12**0.5) ** 0.5, rel=1e-12)


def test_symmetric() -> None:
    a, b = correlated_features(200, 10, seed=1), correlated_features(50, 10, seed=2)
    assert feature_distance(a, b) == pytest.approx(feature_distance(b, a), rel=1e-9)


@pytest.mark.parametrize("num", [2, 20, 64, 1000])
def test_of_features_from_themselves_is_zero(num: int) -> None:
    features = correlated_features(num, 64, seed=3)
    assert feature_distance(features, features) == pytest.approx(0, abs=1e-5)
    assert direct_distance(features, features) == pytest.approx(0, abs=1e-5)


def duplicates(num: int, dims: int, seed: int) -> Array:
    return np.repeat(correlated_features(num // 50, dims, seed), 50, axis=0)


def with_constant(num: int, dims: int, seed: int) -> Array:
    features = correlated_features(num, dims, seed)
    features[:, 0] = 3
    return features


GENERATED = {
    "more than dims": correlated_features(500, 24, seed=4),
    "fewer than dims": correlated_features(10, 24, seed=4),
    "duplicates": duplicates(500, 24, seed=4),
    "a constant feature": with_constant(500, 24, seed=4),
}


@pytest.mark.filterwarnings("ignore:Matrix is singular:scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("kind", GENERATED)
@pytest.mark.parametrize("num_real", [800, 15])
def test_agrees_with_the_root_the_eigenvalues_and_the_singular_values(kind: str, num_real: int) -> None:
    generated, real = GENERATED[kind], correlated_features(num_real, 24, seed=5)
    generated_covariance, real_covariance = np.cov(generated, rowvar=False), np.cov(real, rowvar=False)
    product = generated_covariance @ real_covariance
    fixed = np.sum((generated.mean(0) - real.mean(0)) ** 2) + np.trace(generated_covariance) + np.trace(real_covariance)
    by_eigenvalues = fixed - 2 * np.sqrt(np.linalg.eigvals(product).astype(complex)).real.sum()
    by_root = fixed - 2 * np.trace(scipy.linalg.sqrtm(product)).real
    roots = [(values - values.mean(0)) / np.sqrt(len(values) - 1) for values in (generated, real)]
    by_singular_values = fixed - 2 * np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    for ours in (feature_distance(generated, real), direct_distance(generated, real)):
        assert ours == pytest.approx(by_eigenvalues, rel=1e-6)
        assert ours == pytest.approx(by_root, rel=1e-6)
        assert ours == pytest.approx(by_singular_values, rel=1e-6)


def test_of_fewer_features_than_dimensions_is_exact_to_rounding() -> None:
    # The two spans are orthogonal, so that the covariances' product is 0 and the distance the sum of the traces and
    # of the means' distance. Roots of eigenvalues leave 1e-8 of the trace, singular values 1e-16.
    q = scipy.linalg.qr(np.random.default_rng(8).normal(size=(64, 64)))[0]
    a, b = (
        np.random.default_rng(seed).normal(size=(20, 30)) @ q[part]
        for seed, part in ((1, np.s_[:30]), (2, np.s_[30:60]))
    )
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + a.var(axis=0, ddof=1).sum() + b.var(axis=0, ddof=1).sum()
    assert direct_distance(a, b) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("num", [5, 20, 256])
def test_statistics_of_few_features_lose_nothing(num: int) -> None:
    # The roots of eigenvalues that should be 0 would add 1e-8 to 1e-7 of the trace.
    generated, real = correlated_features(num, 256, seed=3), correlated_features(1000, 256, seed=4)
    assert feature_distance(generated, real) == pytest.approx(direct_distance(generated, real), rel=1e-12)


def test_single_precision_features_are_taken_in_double() -> None:
    generated, real = correlated_features(10, 24, seed=4) + 1000, correlated_features(50, 24, seed=5) + 1000
    single = generated.astype(np.float32)
    assert direct_distance(single, real) == pytest.approx(direct_distance(single.astype(np.float64), real), rel=1e-12)


@pytest.mark.parametrize("order_seed", [0, 1, 2])
def test_shards_merged_in_any_order_have_the_same_distance(order_seed: int) -> None:
    generated, real = correlated_features(300, 24, seed=4), stats_to_reference(gaussian(np.ones(24), np.eye(24)))
    shards = np.split(np.random.default_rng(order_seed).permutation(generated), [1, 7, 100, 290])
    merged = stats_to_frechet_distance(merge_stats(map(features_to_stats, shards)), real)
    whole = stats_to_frechet_distance(features_to_stats(generated), real)
    assert merged is not None
    assert whole is not None
    assert merged.value == pytest.approx(whole.value, rel=1e-9)


def test_of_gaussians_with_unknown_numbers() -> None:
    # What pytorch-fid's files hold; the numbers of features only cut off rounding errors.
    generated, real = (features_to_stats(correlated_features(200, 10, seed=seed)) for seed in (1, 2))
    reference = gaussian_to_reference(Gaussian(None, real.mean, real.covariance()))
    result = gaussian_to_frechet_distance(Gaussian(None, generated.mean, generated.covariance()), reference)
    assert result is not None
    assert result.value == pytest.approx(distance(generated, real).value, rel=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_there_is_no_distance_of_features_that_are_not_finite(bad: float) -> None:
    features = correlated_features(100, 5, seed=6)
    reference = stats_to_reference(features_to_stats(features))
    features[3, 2] = bad
    assert stats_to_frechet_distance(features_to_stats(features), reference) is None
    assert features_to_frechet_distance(features[:4], reference) is None
    with pytest.raises(ValueError, match="must be finite"):
        stats_to_reference(features_to_stats(features))


def test_floor_values_worked_out_by_hand() -> None:
    # S = 2 I in 3 dimensions: Tr S = 6, the 9 pairs have 2 * 2 / (2 + 2) = 1 each: 6 + (9 + 6 / 2) / 2 = 12.
    assert frechet_floor(2 * np.eye(3), num_generated=10, num_real=40) == pytest.approx(12 / 10 + 12 / 40, rel=1e-12)
    # S = diag(1, 0): Tr S = 1, the pair of 1 with itself has 1/2, the others 0: 1 + (1/2 + 1/2) / 2 = 3/2.
    assert frechet_floor(np.diag([1.0, 0.0]), num_generated=10, num_real=40) == pytest.approx(
        1.5 / 10 + 1.5 / 40, rel=1e-12
    )


def test_floor_of_a_reference() -> None:
    real = features_to_stats(correlated_features(200, 10, seed=2))
    expected = frechet_floor(real.covariance(), num_generated=50, num_real=200)
    assert reference_floor(stats_to_reference(real), num_generated=50) == pytest.approx(expected, rel=1e-12)


def test_floor_is_unknown_if_the_number_of_real_features_is() -> None:
    assert reference_floor(gaussian_to_reference(Gaussian(None, np.zeros(2), np.eye(2))), num_generated=50) is None


@pytest.mark.filterwarnings("error")
def test_floor_of_constant_features_is_zero() -> None:
    assert frechet_floor(np.zeros((3, 3)), num_generated=10, num_real=40) == 0


@pytest.mark.parametrize(("num_generated", "num_real"), [(160, 160), (160, 1000)])
def test_floor_is_the_mean_distance_of_samples_of_one_gaussian(num_generated: int, num_real: int) -> None:
    random = np.random.default_rng(7)
    deviations = np.geomspace(1, 0.2, 16)
    distances = [
        feature_distance(
            random.normal(size=(num_generated, 16)) * deviations, random.normal(size=(num_real, 16)) * deviations
        )
        for _ in range(400)
    ]
    assert frechet_floor(np.diag(deviations**2), num_generated, num_real) == pytest.approx(np.mean(distances), rel=0.05)


@pytest.mark.slow
def test_distances_between_inception_features_of_flowers(data_folder: Path) -> None:
    # The expected values come with the file (README.md beside it): float64, by eigenvalues of the product.
    path = data_folder / "flowers_inception_pool3.npz"
    if not path.is_file():
        pytest.skip(f"needs {path.name}, which is not in {data_folder} (GAN_STUDY_DATA)")
    with np.load(path) as data:
        features = data["features"]
        classes = {name: features[data["label"] == name] for name in ("daisy", "dandelion", "roses", "tulips")}
    assert features.shape == (3670, 2048)
    assert feature_distance(features[::2], features[1::2]) == pytest.approx(22.69966005, rel=1e-6)
    assert feature_distance(classes["roses"], classes["tulips"]) == pytest.approx(112.14711157, rel=1e-6)
    assert direct_distance(classes["roses"], classes["tulips"]) == pytest.approx(112.14711157, rel=1e-6)
    assert feature_distance(classes["daisy"], classes["dandelion"]) == pytest.approx(210.33676276, rel=1e-6)
