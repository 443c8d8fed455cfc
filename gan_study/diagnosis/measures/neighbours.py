"""Nearest neighbours among feature vectors, for memorisation and for pictures that a reader compares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import Features

Distances = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest reference vectors of each vector, nearest first."""

    indices: NDArray[np.int64]
    """(N, k) row numbers in the reference."""
    distances: Distances
    """(N, k) Euclidean distances."""


def nearest_neighbours(queries: Features, reference: Features, k: int = 1) -> Neighbours:
    """The k nearest rows of `reference` (M, d), M >= k, for each of `queries` (N, d), by brute force."""
    from sklearn.neighbors import NearestNeighbors  # takes a second

    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(reference)
    distances, indices = search.kneighbors(queries)
    return Neighbours(indices.astype(np.int64), distances.astype(np.float64))


def nearest_other_distances(features: Features, rows: NDArray[np.int64]) -> Distances:
    """Distance of each of the chosen rows (n,) of `features` (M, d) to the nearest other row; 0 for a duplicate."""
    chosen, inverse = np.unique(rows, return_inverse=True)
    to_others: Distances = nearest_neighbours(features[chosen], features, k=2).distances[:, 1]
    return to_others[inverse]
