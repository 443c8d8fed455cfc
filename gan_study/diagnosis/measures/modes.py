"""Classes that a generator has lost, after allowing for errors of the classifier."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]
"""(N,) class numbers in [0, K)."""
Shares = NDArray[np.floating[Any]]
"""(K,) share of each class; their sum is 1."""

_LEAST_SHARE_OF_EXPECTED = 0.1
_NUM_ITERATIONS = 100


@dataclass(frozen=True)
class LostClasses:
    """Classes with hardly any generated image."""

    missing: tuple[int, ...]
    """Numbers of the classes with less than a tenth of the images that their real share predicts, errors subtracted."""
    missing_by_chance: float
    """Number of classes that a perfect generator would miss on average with as few images."""
    left: float
    """Share of the real images whose class is not missing, in [0, 1]: coverage in terms of classes."""


def lost_classes(
    labels: Labels, real_shares: Shares, confusion: NDArray[np.floating[Any]] | None = None
) -> LostClasses:
    """Classes missing among generated images, by the classifier's labels.

    confusion: (K, K), rows the true classes, columns the classifier's, each row with the sum 1; `confusion_matrix`
    makes it. It predicts how many images get a class's label by error. A class is present if its number of images is
    likelier with half the expected images on top of these errors than with the errors alone (both Poisson distributed).
    Without it, labels are assumed to be correct: at 99.25 % accuracy per digit, one stacked mode of 1000 then looks
    like about 30. Every label must be below K.
    """
    counts = np.bincount(labels, minlength=len(real_shares)).astype(np.float64)
    errors = np.zeros_like(counts) if confusion is None else _errors(counts, confusion)
    expected = counts.sum() * real_shares.astype(np.float64)
    least = np.maximum(_LEAST_SHARE_OF_EXPECTED * expected, _likelier_above(errors, errors + expected / 2))
    missing = (real_shares > 0) & (counts < least)
    # ceil - 1 images are the most that are still below a tenth of the expected number.
    by_chance = scipy.stats.binom.cdf(np.ceil(_LEAST_SHARE_OF_EXPECTED * expected) - 1, len(labels), real_shares)
    return LostClasses(
        tuple(np.flatnonzero(missing).tolist()),
        float(by_chance[real_shares > 0].sum()),
        float(real_shares[~missing].sum() / real_shares.sum()),
    )


def confusion_matrix(true_labels: Labels, labels: Labels, num_classes: int) -> NDArray[np.float64]:
    """(K, K) shares of the labels (columns) that held-out images of each true class (rows) get; each row has the sum 1.

    A class without images counts as always labelled correctly.
    """
    counts = np.zeros((num_classes, num_classes))
    np.add.at(counts, (true_labels, labels), 1)
    sums = counts.sum(axis=1, keepdims=True)
    return np.where(sums > 0, counts / np.maximum(sums, 1), np.eye(num_classes))


def stacked_confusion(digit_confusion: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(1000, 1000) confusion of stacked digits a, b, c, class 100 a + 10 b + c, from that of one digit, (10, 10)."""
    return np.kron(np.kron(digit_confusion, digit_confusion), digit_confusion).astype(np.float64)


def histogram_divergence(shares: Shares, other_shares: Shares) -> float:
    """Jensen-Shannon divergence of two class histograms, in nats: 0 if equal, ln 2 if they share no class."""
    return float(scipy.spatial.distance.jensenshannon(shares, other_shares) ** 2)


def _errors(counts: NDArray[np.float64], confusion: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(K,) expected numbers of images that get each class's label by error.

    The true numbers are those of the maximum likelihood, by the EM algorithm of Shepp and Vardi 1982 (IEEE Trans. Med.
    Imaging). Unlike the inverse of the matrix, it keeps them above 0 for any matrix.
    """
    true_counts = counts
    for _ in range(_NUM_ITERATIONS):
        said = true_counts @ confusion
        true_counts = true_counts * (confusion @ np.divide(counts, said, out=np.zeros_like(counts), where=said > 0))
    wrong: NDArray[np.float64] = true_counts @ confusion - true_counts * np.diag(confusion)
    return wrong


def _likelier_above(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) numbers above which a Poisson distribution of mean `high` is likelier than one of mean `low`; 0 where `low`
    is 0."""
    ratio = np.divide(high, low, out=np.ones_like(high), where=low > 0)
    return np.divide(high - low, np.log(ratio), out=np.zeros_like(high), where=ratio > 1)
