import numpy as np
import pytest
from scipy.stats import entropy

from gan_study.metrics.vendi import features_to_vendi_score


def test_different_images_in_equal_numbers_are_counted() -> None:
    # Lengths do not matter, only directions.
    features = np.repeat(np.diag([1.0, 2.0, 0.5, 7.0]), 5, axis=0)
    assert features_to_vendi_score(features) == pytest.approx(4, rel=1e-9)


@pytest.mark.parametrize("num", [1, 3, 50])
def test_copies_of_one_image_are_one(num: int) -> None:
    assert features_to_vendi_score(np.array([[1.0, 2.0, 3.0, 4.0]] * num)) == pytest.approx(1, rel=1e-9)


def test_value_worked_out_by_hand() -> None:
    # The cosine 1/2 gives K / 2 = [[1/2, 1/4], [1/4, 1/2]] with the eigenvalues 3/4 and 1/4.
    features = np.array([[1.0, 0.0], [0.5, 0.75**0.5]])
    assert features_to_vendi_score(features) == pytest.approx(0.75**-0.75 * 0.25**-0.25, rel=1e-12)


@pytest.mark.parametrize(("num", "dims"), [(40, 8), (8, 40), (20, 20)])
def test_equals_the_entropy_of_the_whole_kernel(num: int, dims: int) -> None:
    features = np.random.default_rng(0).normal(size=(num, dims)) + 0.3
    cosines = np.array([[a @ b / (a @ a) ** 0.5 / (b @ b) ** 0.5 for b in features] for a in features])
    expected = np.exp(entropy(np.linalg.eigvals(cosines / num).real.clip(min=0)))
    assert features_to_vendi_score(features) == pytest.approx(expected, rel=1e-6)


def test_single_precision_features_are_taken_in_double_and_left_alone() -> None:
    features = np.random.default_rng(1).normal(size=(30, 5)).astype(np.float32)
    before = features.copy()
    assert features_to_vendi_score(features) == features_to_vendi_score(features.astype(np.float64))
    assert np.array_equal(features, before)


def test_bad_features_are_refused() -> None:
    features = np.ones((10, 3))
    features[[2, 5]] = 0
    with pytest.raises(ValueError, match="no feature vector may be zero, but got num_zero=2"):
        features_to_vendi_score(features)
    features[2] = np.nan
    with pytest.raises(ValueError, match="must be finite, but got num_non_finite=1 of 10"):
        features_to_vendi_score(features)
    with pytest.raises(ValueError, match="at least 1, but got num=0"):
        features_to_vendi_score(features[:0])
