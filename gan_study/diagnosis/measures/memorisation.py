"""Memorisation: distances of generated images to training images, compared with those of held-out images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

from gan_study.diagnosis.measures.neighbours import (
    Distances,
    Neighbours,
    nearest_neighbours,
    nearest_other_distances,
)
from gan_study.metrics.statistics import Features

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

_NUM_CELLS = 3
_LEAST_IN_CELL = 20
_MOST_FITTED = 10_000
_NEAR_QUANTILE = 0.01
_NEAR_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class CopyReference:
    """Training images, and distances of held-out images to them. Made by `fit_copy_reference`."""

    train: Features
    """(M, d) training features."""
    cells: "KMeans"
    """Three cells of the feature space."""
    test_distances: Distances
    """(T,) distance of each held-out image to its nearest training image."""
    test_cells: NDArray[np.int32]
    """(T,) cell of each held-out image."""


@dataclass(frozen=True, eq=False)
class Memorisation:
    """Four signs of copying, and the nearest training images for pictures."""

    c_t: float | None
    """Three-sample statistic of Meehan et al. 2020: about N(0, 1) for a perfect generator, far below 0 for copies, far
    above 0 for images unlike the training set; None if no cell holds enough images."""
    authenticity: float
    """Share of the images that are farther from their nearest training image than that one is from its own nearest, in
    [0, 1] (Alaa et al. 2022, ICML). Compare it with a control: a perfect generator's value depends on the data."""
    near_copies: float
    """Share of the images at most half as far from a training image as all but 1 % of held-out images, in [0, 1]."""
    median_distance_ratio: float | None
    """Median distance to the nearest training image relative to that of held-out images; None if the latter is 0."""
    neighbours: Neighbours
    """Nearest training image of each image, (N, 1)."""


def fit_copy_reference(train: Features, test: Features, seed: int = 0) -> CopyReference:
    """Prepare training features (M, d) and held-out features (T, d).

    Pass all training features: copies of an image that is missing here are not detected.
    """
    from sklearn.cluster import KMeans  # takes a second

    chosen = np.random.default_rng(seed).permutation(len(train))[:_MOST_FITTED]
    cells = KMeans(_NUM_CELLS, n_init=1, random_state=seed).fit(_float32(train[chosen]))
    return CopyReference(
        train=train,
        cells=cells,
        test_distances=nearest_neighbours(test, train).distances[:, 0],
        test_cells=cells.predict(_float32(test)),
    )


def features_to_memorisation(features: Features, reference: CopyReference) -> Memorisation:
    """Signs of copying in features (N, d) of generated images.

    Only together are they evidence: C_T and authenticity also fall if images crowd around the middle of their modes,
    and near copies alone may be due to little variety.
    """
    found = nearest_neighbours(features, reference.train)
    distances, test_distances = found.distances[:, 0], reference.test_distances
    near = _NEAR_SHARE * np.quantile(test_distances, _NEAR_QUANTILE)
    test_median = float(np.median(test_distances))
    cells = reference.cells.predict(_float32(features))
    return Memorisation(
        c_t=distances_to_c_t(distances, test_distances, cells, reference.test_cells),
        authenticity=float((distances > nearest_other_distances(reference.train, found.indices[:, 0])).mean()),
        near_copies=float((distances <= near).mean()),
        median_distance_ratio=float(np.median(distances)) / test_median if test_median > 0 else None,
        neighbours=found,
    )


def distances_to_c_t(
    distances: Distances,
    test_distances: Distances,
    cells: NDArray[np.integer[Any]],
    test_cells: NDArray[np.integer[Any]],
) -> float | None:
    """C_T of generated images (N,) against held-out ones (T,), from distances to the nearest training image.

    The z-score of the Mann-Whitney U of the two sets of distances in each cell of feature space, averaged with the
    shares of held-out images as weights. Cells with fewer than 20 images of either set are left out. Meehan, Chaudhuri
    and Dasgupta 2020 (AISTATS); the numbers of cells and of images follow dgm-eval (Stein et al. 2023).
    """
    scores, weights = [], []
    for cell in np.unique(test_cells):
        here, test_here = distances[cells == cell], test_distances[test_cells == cell]
        if min(len(here), len(test_here)) >= _LEAST_IN_CELL:
            scores.append(_mann_whitney_z(here, test_here))
            weights.append(len(test_here))
    return float(np.average(scores, weights=weights)) if scores else None


def _mann_whitney_z(a: Distances, b: Distances) -> float:
    """Mann-Whitney U as a z-score, positive if a lies above b, without the correction for ties (only duplicates have
    them)."""
    u = scipy.stats.mannwhitneyu(a, b, method="asymptotic").statistic
    num, num_b = len(a), len(b)
    return float((u - num * num_b / 2) / np.sqrt(num * num_b * (num + num_b + 1) / 12))


def _float32(features: Features) -> NDArray[np.float32]:
    """Features in the float type of the k-means model, which must be equal in fitting and in prediction."""
    return np.ascontiguousarray(features, dtype=np.float32)
