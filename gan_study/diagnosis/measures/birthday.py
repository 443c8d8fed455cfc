"""The birthday test of Arora and Zhang 2018 (ICLR), automated: an estimate of the number of different images."""

from dataclasses import dataclass

import numpy as np

from gan_study.diagnosis.measures.draws import LEAST_COLLISIONS, draws_to_support, num_draws
from gan_study.diagnosis.measures.neighbours import Distances
from gan_study.metrics.statistics import Features

_LEAST_REAL_DISTANCE = 0.9
"""Share of the least distance between two real images below which two images count as one (proposed here)."""


@dataclass(frozen=True)
class RealPairs:
    """Distances between real images. Made by `fit_real_pairs`."""

    num: int
    """Images in each draw."""
    close: float
    """Largest distance at which two images count as one."""
    collisions: float
    """Mean number of such pairs per draw, which is subtracted as chance."""


@dataclass(frozen=True)
class Birthday:
    """Result of the birthday test."""

    collisions: float
    """Mean number of pairs per draw that are closer than real images are."""
    support: float
    """Number of different images that explains the collisions, or a lower bound of it if there are too few
    collisions."""
    is_lower_bound: bool
    """True if the support is a lower bound."""


def fit_real_pairs(real: Features, num: int = 1000, seed: int = 0) -> RealPairs:
    """Prepare real features (M, d) for draws of `num` images, M >= num >= 2.

    Two images collide within 0.9 of the median, over up to ten disjoint random draws, of the least distance in a draw.
    """
    draws = [_pair_distances(draw) for draw in _draws(real, num, seed)]
    close = _LEAST_REAL_DISTANCE * float(np.median([distances.min() for distances in draws]))
    return RealPairs(num, close, float(np.mean([(distances <= close).sum() for distances in draws])))


def birthday_test(features: Features, real: RealPairs, seed: int = 0) -> Birthday:
    """Support s (s - 1) / (2 (c - c_real)), with c the mean number of colliding pairs in draws of s = `real.num`.

    features: (N, d) with N >= s, cut into up to ten disjoint random draws. Arora and Zhang 2018 inspect the closest
    pairs by eye, and conclude a support of about s^2 if half the draws have a duplicate. The count of pairs, the
    subtracted control and the threshold distance are proposed here. In simulation the estimate is right to 15 % up to a
    support of about s^2 / 20. It does not detect missing classes, and overestimates the support if images differ by
    noise alone.
    """
    counts = [int((_pair_distances(draw) <= real.close).sum()) for draw in _draws(features, real.num, seed)]
    collisions = float(np.mean(counts))
    excess, least = collisions - real.collisions, LEAST_COLLISIONS / len(counts)
    return Birthday(collisions, draws_to_support(real.num, max(excess, least)), is_lower_bound=excess < least)


def _draws(features: Features, num: int, seed: int) -> list[Features]:
    """Up to ten disjoint random parts of `num` rows each."""
    assert len(features) >= num >= 2, f"{len(features)} vectors for draws of {num}"
    order = np.random.default_rng(seed).permutation(len(features))
    return [features[order[i * num : (i + 1) * num]] for i in range(num_draws(len(features), num))]


def _pair_distances(features: Features) -> Distances:
    """(N (N - 1) / 2,) Euclidean distances of all pairs of rows."""
    from sklearn.metrics import euclidean_distances  # takes a second

    distances: Distances = euclidean_distances(features.astype(np.float64))
    return distances[np.triu_indices(len(features), k=1)]
