import numpy as np
import pytest
from scipy.special import softmax

from gan_study.metrics.inception_score import probabilities_to_inception_score

NEEDS_TORCHMETRICS = "compares with torchmetrics, which is not installed (pip install 'gan_study[test]')"


def random_probabilities(num: int, num_classes: int, seed: int = 0) -> np.ndarray:
    return np.array(softmax(2 * np.random.default_rng(seed).normal(size=(num, num_classes)), axis=1))


def test_sure_and_balanced_over_all_classes_is_their_number() -> None:
    score = probabilities_to_inception_score(np.tile(np.eye(7), (20, 1)), num_splits=10)
    assert (score.mean, score.std) == pytest.approx((7, 0), abs=1e-12)


@pytest.mark.parametrize("row", [[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])
def test_images_all_alike_score_one(row: list[float]) -> None:
    assert probabilities_to_inception_score(np.array([row] * 30)).mean == pytest.approx(1, rel=1e-12)


def test_value_worked_out_by_hand() -> None:
    # p(y) = (1/2, 1/2); both divergences are 3/4 ln(3/2) + 1/4 ln(1/2).
    probabilities = np.array([[0.75, 0.25], [0.25, 0.75]])
    expected = 1.5**0.75 * 0.5**0.25
    assert probabilities_to_inception_score(probabilities, num_splits=1).mean == pytest.approx(expected, rel=1e-12)


def test_mean_and_std_are_over_consecutive_parts() -> None:
    probabilities = random_probabilities(103, 5)
    # The first of unequal parts are larger by one.
    parts = [probabilities[:52], probabilities[52:]]
    a, b = (probabilities_to_inception_score(part, num_splits=1).mean for part in parts)
    score = probabilities_to_inception_score(probabilities, num_splits=2)
    assert (score.mean, score.std) == pytest.approx(((a + b) / 2, abs(a - b) / 2), rel=1e-12)


def test_agrees_with_torchmetrics() -> None:
    inception = pytest.importorskip("torchmetrics.image.inception", reason=NEEDS_TORCHMETRICS)
    import torch

    logits = np.random.default_rng(1).normal(size=(400, 10))
    # It draws its parts at random: with one part alone the two must agree.
    metric = inception.InceptionScore(feature=torch.nn.Identity(), splits=1)
    metric.update(torch.from_numpy(logits))
    with pytest.warns(UserWarning, match="std"):
        theirs = metric.compute()[0]
    ours = probabilities_to_inception_score(softmax(logits, axis=1), num_splits=1)
    assert ours.mean == pytest.approx(float(theirs), rel=1e-6)


def test_single_precision_softmax_is_let_through() -> None:
    probabilities = random_probabilities(200, 1000)
    single = probabilities_to_inception_score(probabilities.astype(np.float32))
    assert single.mean == pytest.approx(probabilities_to_inception_score(probabilities).mean, rel=1e-6)


@pytest.mark.parametrize("row", [[0.5, 0.6], [-0.1, 1.1], [np.nan, 1.0], [np.inf, 0.0], [0.0, 0.0]])
def test_rows_that_are_no_distribution_are_refused(row: list[float]) -> None:
    probabilities = random_probabilities(20, 2)
    probabilities[3] = row
    with pytest.raises(ValueError, match="every row must be a distribution over classes"):
        probabilities_to_inception_score(probabilities)


def test_fewer_images_than_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="an image in each of 10 parts, but got num=9"):
        probabilities_to_inception_score(random_probabilities(9, 2))
