import numpy as np
import pytest
from sklearn.metrics import pairwise_distances_chunked
from support.planted import draw
from support.present import present

from gan_study.diagnosis.measures.image_signals import (
    duplicate_share,
    latent_sensitivity,
    level_deviation,
    mean_distance,
    pairwise_distance_ratio,
)


def test_duplicates_are_counted_exactly() -> None:
    images = np.random.default_rng(0).integers(256, size=(100, 4, 4, 3), dtype=np.uint8)
    assert duplicate_share(images) == 0
    images[10:20] = images[0]
    assert duplicate_share(images) == pytest.approx(0.1, rel=1e-12)
    images[10, 0, 0, 0] ^= 1
    assert duplicate_share(images) == pytest.approx(0.09, rel=1e-12)


def test_level_deviation() -> None:
    assert level_deviation(np.full((5, 4, 4), 255, np.uint8)) == 0
    assert level_deviation(np.array([[0, 10], [0, 10]], np.uint8)) == pytest.approx(5, rel=1e-12)


def test_pairwise_distances_worked_out_by_hand() -> None:
    # Distances 1, 2 and 3 have the mean 2; 3, 4 and 5 the mean 4.
    generated, real = np.array([[0.0, 0], [1, 0], [3, 0]]), np.array([[0.0, 0], [3, 0], [0, 4]])
    assert pairwise_distance_ratio(generated, real) == pytest.approx(2 / 4, rel=1e-12)
    assert pairwise_distance_ratio(generated + 1e6, real) == pytest.approx(2 / 4, rel=1e-6)
    assert pairwise_distance_ratio(real, 0 * real) is None


def test_pairwise_distances_see_collapse() -> None:
    real = draw(500, seed=1)
    assert pairwise_distance_ratio(draw(500, seed=2), real) == pytest.approx(1, abs=0.03)
    assert present(pairwise_distance_ratio(draw(500, seed=2, num_classes=1), real)) < 0.6
    assert pairwise_distance_ratio(np.repeat(real[:1], 500, axis=0), real) == 0


@pytest.mark.parametrize("num", [3, 64, 3000])
def test_the_mean_distance_is_scikit_learn_s(num: int) -> None:
    """To the last bit, also in several blocks and with equal vectors."""
    features = np.random.default_rng(0).normal(size=(num, 32)) + 5
    features[1] = features[0]
    centred = features - features.mean(axis=0)
    total = sum(float(block.sum()) for block in pairwise_distances_chunked(centred, working_memory=64))
    assert mean_distance(features) == total / (num * (num - 1))


def test_latent_sensitivity() -> None:
    rng = np.random.default_rng(3)
    z, other_z = rng.normal(size=(2, 50, 8))
    assert latent_sensitivity(z, other_z, 0.3 * z, 0.3 * other_z) == pytest.approx(0.3, rel=1e-12)
    assert latent_sensitivity(z, other_z, np.ones((50, 4)), np.ones((50, 4))) == 0
