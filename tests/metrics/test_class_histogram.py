import math

import numpy as np
import pytest

from gan_study.metrics.class_histogram import counts_to_class_histogram, labels_to_class_histogram

STACKED = np.full(1000, 1 / 1000)


def test_values_worked_out_by_hand() -> None:
    real = np.array([0.5, 0.25, 0.25, 0.0])
    histogram = labels_to_class_histogram(np.array([0, 1, 0, 0]), real)
    assert histogram.num == 4
    assert histogram.shares == (0.75, 0.25, 0, 0)
    assert histogram.kl == pytest.approx(0.75 * math.log(1.5), rel=1e-12)
    assert histogram.num_modes == 2
    # Three of the four classes are real. Four images miss a class of share q with the probability (1 - q)^4.
    assert histogram.expected_kl == pytest.approx(2 / 8, rel=1e-12)
    assert histogram.expected_num_modes == pytest.approx(3 - 0.5**4 - 2 * 0.75**4, rel=1e-12)


def test_a_tenth_of_the_expected_number_is_a_sure_mode() -> None:
    # 1000 images promise 500, 250 and 250 of them; a tenth is 50, 25 and 25.
    histogram = counts_to_class_histogram(np.array([951, 25, 24]), np.array([0.5, 0.25, 0.25]))
    assert (histogram.num_modes, histogram.num_sure_modes) == (3, 2)


def test_a_class_without_images_is_no_sure_mode_though_none_were_promised() -> None:
    histogram = counts_to_class_histogram(np.array([10, 0]), np.array([1.0, 0.0]))
    assert (histogram.num_modes, histogram.num_sure_modes, histogram.kl) == (1, 1, 0)


def test_there_is_no_divergence_with_images_of_a_class_that_is_not_real() -> None:
    assert counts_to_class_histogram(np.array([9, 1]), np.array([1.0, 0.0])).kl is None


@pytest.mark.parametrize("num_true", [9, 5, 2, 1])
def test_lost_classes_of_ten(num_true: int) -> None:
    histogram = labels_to_class_histogram(np.arange(900 * num_true) % num_true, np.full(10, 0.1))
    assert histogram.kl == pytest.approx(math.log(10 / num_true), rel=1e-12)
    assert histogram.num_modes == histogram.num_sure_modes == num_true


@pytest.mark.parametrize(("num", "kl", "num_modes"), [(26_000, 0.0192, 1000), (10_000, 0.0500, 1000), (5000, 0.1, 993)])
def test_expectations_of_a_perfect_generator_of_stacked_digits(num: int, kl: float, num_modes: int) -> None:
    random = np.random.default_rng(0)
    histograms = [labels_to_class_histogram(random.integers(1000, size=num), STACKED) for _ in range(20)]
    assert histograms[0].expected_kl == pytest.approx(kl, rel=2e-3)
    assert histograms[0].expected_num_modes == pytest.approx(num_modes, abs=0.5)
    assert np.mean([histogram.num_modes for histogram in histograms]) == pytest.approx(num_modes, abs=1.5)
    if num > 5000:
        assert np.mean([histogram.kl for histogram in histograms]) == pytest.approx(kl, rel=0.05)


@pytest.mark.parametrize(
    ("num_true", "num_modes", "num_sure_modes"), [(1, 32, 28), (100, 275, 100), (1000, 1000, 1000)]
)
def test_errors_of_the_classifier_make_modes_but_few_sure_ones(
    num_true: int, num_modes: int, num_sure_modes: int
) -> None:
    # Each of three digits is read wrongly with the probability 0.75 %, as by the classifier of PacGAN's protocol. Of
    # one triple, 27 others differ in one digit and get 22 of 26,000 images each, 243 in two and get 0.018 each. Of
    # 100 triples with the same first digit, the 900 others get 195 images, which fill 900 (1 - exp(-195 / 900)).
    random = np.random.default_rng(0)
    true = random.integers(num_true, size=26_000)
    digits = np.stack([true // 100, true // 10 % 10, true % 10], axis=1)
    wrong = random.random(digits.shape) < 0.0075
    read = np.where(wrong, (digits + random.integers(1, 10, size=digits.shape)) % 10, digits)
    histogram = labels_to_class_histogram(read @ [100, 10, 1], STACKED)
    assert histogram.num_modes == pytest.approx(num_modes, rel=0.1)
    assert histogram.num_sure_modes == num_sure_modes
    # One mode of 1000 has 6.9; the 2 % of images read wrongly take some of that away.
    assert histogram.kl == pytest.approx(math.log(1000 / num_true), abs=0.25)


def test_no_images_and_unknown_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="but got num=0"):
        labels_to_class_histogram(np.array([], dtype=np.int64), STACKED)
    with pytest.raises(AssertionError, match="class 3 is none of the 3"):
        labels_to_class_histogram(np.array([0, 3]), np.full(3, 1 / 3))
    with pytest.raises(AssertionError, match="real shares have the sum"):
        labels_to_class_histogram(np.array([0, 1]), np.full(3, 1 / 2))
