from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from support.planted import draw
from support.present import present
from support.small_mnist import small_mnist

from gan_study.diagnosis.measures.ndb import Bins, Ndb, features_to_ndb, fit_bins


def bins_at(*counts: int) -> Bins:
    """Bins around 0, 10, 20, ... with these numbers of training images."""
    centres = 10.0 * np.arange(len(counts), dtype=np.float32)[:, np.newaxis]
    return Bins(KMeans(len(counts), init=centres, n_init=1).fit(centres), np.array(counts))


def images_in(*counts: int) -> np.ndarray:
    return np.repeat(10.0 * np.arange(len(counts)), counts)[:, np.newaxis]


def test_values_worked_out_by_hand() -> None:
    # Bin 0: 0.55 against 0.5, pooled 0.525, deviation sqrt(0.525 * 0.475 * 2 / 4000) = 0.01117, z = 4.48. Bin 1: 0.30
    # against 0.34, pooled 0.32, deviation 0.01043, z = -3.84. Bin 2: z = -1.54.
    found = features_to_ndb(images_in(2200, 1200, 600), bins_at(2000, 1360, 640))
    assert found.share == pytest.approx(1 / 3, rel=1e-12)
    p, q = np.array([0.55, 0.30, 0.15]), np.array([0.5, 0.34, 0.16])
    m = (p + q) / 2
    assert found.jensen_shannon == pytest.approx(((p * np.log(p / m)).sum() + (q * np.log(q / m)).sum()) / 2, rel=1e-6)


def test_bins_that_nobody_is_in_and_a_bin_that_all_are_in_do_not_differ() -> None:
    with np.errstate(all="raise"):
        found = features_to_ndb(images_in(100, 0), bins_at(100, 0))
    assert (found.share, found.jensen_shannon) == (0, 0)


def test_lost_classes_are_seen_and_fresh_images_pass() -> None:
    bins = fit_bins(draw(4000, seed=0), num_generated=2000)
    assert len(bins.counts) == 100
    assert features_to_ndb(draw(2000, seed=1), bins).share == 0
    # Two of ten classes are gone, and with them a fifth of the bins.
    assert features_to_ndb(draw(2000, seed=2, num_classes=8), bins).share == pytest.approx(0.2, abs=0.05)


def test_there_are_no_more_bins_than_the_images_can_fill() -> None:
    assert len(fit_bins(draw(1000, seed=0), num_generated=200).counts) == 10
    assert len(fit_bins(draw(1000, seed=0), num_generated=10).counts) == 2


def without_one_digit(images: np.ndarray, labels: np.ndarray, num_train: int, num_generated: int) -> tuple[Ndb, Ndb]:
    """NDB of the images after the first `num_train`, and of those among them that are no 9s.

    images: (N, d), in random order.
    """
    bins = fit_bins(images[:num_train], num_generated)
    others, digits = images[num_train:], labels[num_train:]
    return features_to_ndb(others, bins), features_to_ndb(others[digits != 9], bins)


def test_a_lost_digit_of_mnist_is_seen(data_folder: Path) -> None:
    # Richardson and Weiss 2018: of 100 bins of 45,000 images in pixels, none differ for 10,000 others of the training
    # part, and 11 without the digit 9. Here it is 12,000 and 6000 images at half their size: a bin that is half 9s
    # stays below their |z| of 4.
    dataset = small_mnist(data_folder, 18_000, 1)
    pixels = dataset.images.reshape(len(dataset.images), -1).astype(np.float32)
    order = np.random.default_rng(0).permutation(dataset.train_indices)
    control, lost = without_one_digit(pixels[order], present(dataset.labels)[order], 12_000, 6000)
    assert (control.num_bins, control.share) == (100, 0)
    assert 0.05 <= lost.share <= 0.12


def test_a_lost_digit_of_small_digits_is_seen() -> None:
    # So few images fill but 20 bins.
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    control, lost = without_one_digit(digits.data[order], digits.target[order], 900, 400)
    assert (control.num_bins, control.share) == (20, 0)
    assert lost.share > 0
    assert lost.jensen_shannon > 3 * control.jensen_shannon
