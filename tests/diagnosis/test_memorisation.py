import numpy as np
import pytest
from support.planted import draw, noise, with_copies
from support.present import present

from gan_study.diagnosis.measures.memorisation import distances_to_c_t, features_to_memorisation, fit_copy_reference
from gan_study.diagnosis.measures.neighbours import nearest_neighbours, nearest_other_distances

NUM = 1000
TRAIN = draw(3000, seed=0)
REFERENCE = fit_copy_reference(TRAIN, draw(NUM, seed=1))


def test_c_t_worked_out_by_hand() -> None:
    # Cell 0: 20 generated all nearer than 20 held-out: U = 0, z = -200 / sqrt(400 * 41 / 12) = -5.4100. Cell 1: 20
    # generated all farther than 60 held-out: U = 1200, z = 600 / sqrt(1200 * 81 / 12) = 6.6667. Cell 2 is too small.
    distances = np.r_[np.arange(20), 200 + np.arange(20), np.zeros(5)]
    test_distances = np.r_[100 + np.arange(20), 100 + np.arange(60), np.ones(5)]
    cells, test_cells = np.repeat([0, 1, 2], [20, 20, 5]), np.repeat([0, 1, 2], [20, 60, 5])
    expected = (20 * -200 / np.sqrt(400 * 41 / 12) + 60 * 600 / np.sqrt(1200 * 81 / 12)) / 80
    assert distances_to_c_t(distances, test_distances, cells, test_cells) == pytest.approx(expected, rel=1e-12)


def test_c_t_needs_a_cell_with_enough_images() -> None:
    few = np.zeros(19, dtype=int)
    assert distances_to_c_t(np.ones(19), np.ones(19), few, few) is None


def test_c_t_of_fresh_images_is_about_standard_normal() -> None:
    rng = np.random.default_rng(2)
    cells = np.zeros(200, dtype=int)
    values = [present(distances_to_c_t(rng.random(200), rng.random(200), cells, cells)) for _ in range(400)]
    assert np.mean(values) == pytest.approx(0, abs=0.15)
    assert np.std(values) == pytest.approx(1, abs=0.1)


def test_authenticity_falls_in_proportion_to_the_copies() -> None:
    base = features_to_memorisation(draw(NUM, seed=3), REFERENCE)
    assert abs(present(base.c_t)) < 3
    assert base.near_copies == pytest.approx(0, abs=2e-3)
    assert base.median_distance_ratio == pytest.approx(1, abs=0.05)
    previous = present(base.c_t)
    for share in (0.1, 0.5, 1.0):
        copied = features_to_memorisation(with_copies(TRAIN, share, NUM, seed=3), REFERENCE)
        assert copied.authenticity == pytest.approx((1 - share) * base.authenticity, abs=0.03)
        assert copied.near_copies == pytest.approx(share, abs=2e-3)
        c_t = present(copied.c_t)
        assert c_t < previous - 1
        previous = c_t


def test_images_unlike_the_training_set_are_no_copies() -> None:
    found = features_to_memorisation(noise(NUM, seed=4), REFERENCE)
    assert found.authenticity > 0.99
    assert found.near_copies == 0
    assert present(found.c_t) > 3


def test_shrunken_modes_have_low_c_t_but_no_near_copies() -> None:
    found = features_to_memorisation(draw(NUM, seed=5, spread=0.5), REFERENCE)
    assert present(found.c_t) < -3
    assert found.near_copies < 0.01


def test_the_copied_image_is_the_nearest() -> None:
    found = features_to_memorisation(TRAIN[[5, 2999, 0]], REFERENCE)
    assert found.neighbours.indices[:, 0].tolist() == [5, 2999, 0]
    assert found.neighbours.distances == pytest.approx(np.zeros((3, 1)), abs=1e-5)


def test_neighbours_equal_the_definition() -> None:
    queries, reference = draw(30, seed=6), draw(50, seed=7)
    distances = np.linalg.norm(queries[:, np.newaxis] - reference, axis=2)
    found = nearest_neighbours(queries, reference, k=3)
    assert found.indices.tolist() == np.argsort(distances, axis=1)[:, :3].tolist()
    assert found.distances == pytest.approx(np.sort(distances, axis=1)[:, :3], rel=1e-6)


def test_spacing_leaves_the_image_itself_out_but_not_its_duplicate() -> None:
    features = np.array([[0.0], [1.0], [5.0], [5.0]])
    assert nearest_other_distances(features, np.array([1, 0, 1, 2])) == pytest.approx([1, 1, 1, 0])
