import numpy as np
import pytest

from gan_study.diagnosis.measures.modes import confusion_matrix, histogram_divergence, lost_classes, stacked_confusion

UNIFORM = np.full(1000, 1e-3)
NUM = 26_000
# 99.25 % accuracy per digit, errors evenly on the others.
DIGIT_CONFUSION = np.full((10, 10), 0.0075 / 9) + np.eye(10) * (0.9925 - 0.0075 / 9)
CONFUSION = stacked_confusion(DIGIT_CONFUSION)


def classified(modes: np.ndarray, seed: int) -> np.ndarray:
    """The classifier's labels of NUM stacked images, drawn evenly from `modes`."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(modes, NUM)
    digits = np.stack([labels // 100, labels // 10 % 10, labels % 10])
    wrong = rng.random(digits.shape) < 0.0075
    digits = np.where(wrong, (digits + rng.integers(1, 10, digits.shape)) % 10, digits)
    return np.array(digits[0] * 100 + digits[1] * 10 + digits[2])


def test_stacked_confusion_is_that_of_independent_digits() -> None:
    assert CONFUSION.sum(axis=1) == pytest.approx(np.ones(1000), rel=1e-12)
    assert CONFUSION[123, 123] == pytest.approx(0.9925**3, rel=1e-12)
    assert CONFUSION[123, 193] == pytest.approx(0.9925**2 * 0.0075 / 9, rel=1e-12)


@pytest.mark.parametrize("num_modes", [1, 10, 100, 500, 1000])
def test_the_classifiers_errors_are_not_counted_as_modes(num_modes: int) -> None:
    modes = np.random.default_rng(num_modes).permutation(1000)[:num_modes]
    labels = classified(modes, seed=num_modes)
    missing = lost_classes(labels, UNIFORM, CONFUSION).missing
    present = np.setdiff1d(np.arange(1000), missing)
    assert set(modes) <= set(present)
    # Three standard deviations of the errors leave a mode by chance here and there.
    assert len(present) == pytest.approx(num_modes, abs=5)


def test_without_the_control_errors_look_like_modes() -> None:
    labels = classified(np.array([123]), seed=0)
    assert len(lost_classes(labels, UNIFORM).missing) < 980


def test_a_class_that_only_its_look_alike_is_taken_for_is_missing() -> None:
    # A third of the second class is taken for the third, which is not there.
    confusion = np.array([[1, 0, 0], [0, 0.67, 0.33], [0, 0.3, 0.7]])
    labels = np.repeat([0, 1, 2], [300, 201, 99])
    shares = np.full(3, 1 / 3)
    assert lost_classes(labels, shares).missing == ()
    assert lost_classes(labels, shares, confusion).missing == (2,)
    assert lost_classes(labels, shares, confusion).left == pytest.approx(2 / 3, rel=1e-12)
    assert lost_classes(np.repeat([0, 1, 2], [200, 194, 206]), shares, confusion).missing == ()


def test_the_true_numbers_behind_the_labels_are_used() -> None:
    # Half of the second class is taken for the third, which is not there: of its 300 images, 150 are left.
    confusion = np.array([[1, 0, 0], [0, 0.5, 0.5], [0, 0.3, 0.7]])
    labels = np.repeat([0, 1, 2], [300, 150, 150])
    assert lost_classes(labels, np.full(3, 1 / 3), confusion).missing == (2,)


def test_a_class_that_the_classifier_never_names_is_missing() -> None:
    confusion = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert lost_classes(np.zeros(100, int), np.array([0.5, 0.5]), confusion).missing == (1,)


def test_a_tenth_of_the_expected_images_is_enough() -> None:
    shares = np.array([0.5, 0.5])
    assert lost_classes(np.repeat([0, 1], [950, 50]), shares).missing == ()
    assert lost_classes(np.repeat([0, 1], [951, 49]), shares).missing == (1,)
    assert lost_classes(np.repeat([0], [1000]), np.array([1.0, 0.0])).missing == ()


def test_missing_by_chance_equals_simulation() -> None:
    rng = np.random.default_rng(1)
    lost = [lost_classes(rng.integers(1000, size=5000), UNIFORM) for _ in range(200)]
    assert lost[0].missing_by_chance == pytest.approx(np.mean([len(found.missing) for found in lost]), rel=0.1)
    assert lost_classes(rng.integers(10, size=500), np.full(10, 0.1)).missing_by_chance < 1e-6


def test_confusion_matrix() -> None:
    true, said = np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 1, 1])
    assert confusion_matrix(true, said, 3).tolist() == [[0.75, 0.25, 0], [0, 1, 0], [0, 0, 1]]


def test_histogram_divergence() -> None:
    assert histogram_divergence(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(np.log(2), rel=1e-12)
    assert histogram_divergence(np.array([0.3, 0.7]), np.array([0.3, 0.7])) == 0
