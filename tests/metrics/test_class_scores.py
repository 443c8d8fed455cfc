"""Scores class by class: equal images, other images, and too few of them."""

import numpy as np
import pytest

from gan_study.metrics.class_scores import class_accuracies, class_distances


def test_distances_of_classes() -> None:
    """Class 0 is right, class 1 is shifted by 5 in one feature, and class 2 has a single generated image."""
    random = np.random.default_rng(0)
    real = random.normal(size=(3000, 3)).astype(np.float32)
    labels = np.repeat([0, 1, 2], 1000)
    generated = random.normal(size=(1001, 3)).astype(np.float32)
    asked = np.repeat([0, 1, 2], [500, 500, 1])
    generated[asked == 1, 0] += 5
    right, shifted, single = class_distances(generated, asked, real, labels, 3, seed=0)
    assert right is not None
    assert shifted is not None
    assert single is None
    assert right.num == shifted.num == 500
    assert right.generated == pytest.approx(0, abs=0.1)
    assert shifted.generated == pytest.approx(25, rel=0.1)
    assert right.real == pytest.approx(0, abs=0.1)


def test_classes_without_enough_real_images() -> None:
    features = np.random.default_rng(0).normal(size=(8, 2))
    numbers = np.array([0, 0, 0, 0, 0, 1, 1, 1])
    found = class_distances(features, numbers, features, numbers, 3, seed=0)
    assert [one is None for one in found] == [False, True, True]


def test_accuracies_of_classes() -> None:
    said, asked = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])
    assert class_accuracies(said, asked, 3) == [0.5, 0.5, None]
