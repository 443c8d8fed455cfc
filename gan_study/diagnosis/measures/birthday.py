"""The birthday test of Arora and Zhang 2018 (ICLR), automated: from how many different images does a generator draw?"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import euclidean_distances

from gan_study.diagnosis.measures.draws import LEAST_COLLISIONS, draws_to_support, num_draws
from gan_study.diagnosis.measures.neighbours import Distances, Features

_LEAST_REAL_DISTANCE = 0.9
"""Share of the least distance of two real images below which two count as one (a proposal of this project)."""


@dataclass(frozen=True)
class RealPairs:
    """What the pairs among real images are like. Made once by `fit_real_pairs`."""

    num: int
    """Images in each draw."""
    close: float
    """Distance from which down two images count as one."""
    collisions: float
    """Mean number of such pairs per draw: the chance hits that are taken off."""


@dataclass(frozen=True)
class Birthday:
    """How often two of the generated images are one."""

    collisions: float
    """Mean number of pairs closer than real images are, per draw."""
    support: float
    """Different images that explain the collisions; if these are too few to tell, the least number they allow."""
    is_lower_bound: bool
    """Whether the support is at least this, rather than about this."""


def fit_real_pairs(real: Features, num: int = 1000, seed: int = 0) -> RealPairs:
    """Prepare real features (M, d) for draws of `num` images, M >= num >= 2.

    Pairs collide within 0.9 of the median, over up to ten disjoint random draws, of the least distance in a draw.
    """
    draws = [_pair_distances(draw) for draw in _draws(real, num, seed)]
    close = _LEAST_REAL_DISTANCE * float(np.median([distances.min() for distances in draws]))
    return RealPairs(num, close, float(np.mean([(distances <= close).sum() for distances in draws])))


def birthday_test(features: Features, real: RealPairs, seed: int = 0) -> Birthday:
    """Support s (s - 1) / (2 (c - c_real)), with c the mean number of colliding pairs in draws of s = `real.num`.

    features: (N, d) with N >= s, cut into up to ten disjoint random draws. Arora and Zhang look at the closest pairs
    by eye and take s^2 where half the draws have a duplicate; the count and its control are a proposal of this project
    (evaluation.md 3.2), right to 15 % up to a support of some s^2 / 20. It does not see missing classes, and where
    images differ by noise alone it overrates the support.
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
    distances: Distances = euclidean_distances(features.astype(np.float64))
    return distances[np.triu_indices(len(features), k=1)]
