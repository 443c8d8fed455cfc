"""Monge inception distance: a scaled sliced Wasserstein distance between features (Berthet et al. 2026, MIND).

It compares sorted projections of the features on random directions, and so needs no covariance matrix. It is called
MIND if the features are Inception's 2048-d ones.
"""

import numpy as np

from gan_study.metrics.statistics import Features, check_features

NUM_PROJECTIONS = 1000
_AT_ONCE = 50
"""Directions that are projected on at a time, which bounds the memory to 400 bytes for each image of a side."""


def features_to_mind(
    generated: Features, real: Features, *, num_projections: int = NUM_PROJECTIONS, seed: int = 0
) -> float:
    """MIND between generated (N, d) and real (M, d) features; at least 0, lower is better.

    3 d times the mean, over random directions on the unit sphere, of the squared 2-Wasserstein distance between the
    projections of both sides (arXiv 2605.06797). So a shift of all features by a vector v gives 3 |v|^2, where the
    Frechet distance gives |v|^2. The larger side is represented by as many randomly chosen rows as the smaller one has.
    It is above 0 even for a perfect generator, the more so the fewer the images. Works in float64.

    Raises ValueError if a side has fewer than two features, or some are not finite.
    """
    assert num_projections >= 1, f"a mean needs one direction, not {num_projections}"
    check_features(generated, "generated", 2)
    check_features(real, "real", 2)
    random = np.random.default_rng(seed)
    num, dims = min(len(generated), len(real)), real.shape[1]
    ours, theirs = (
        (side if len(side) == num else side[random.choice(len(side), num, replace=False)]).astype(np.float64).T
        for side in (generated, real)
    )
    directions = random.standard_normal((num_projections, dims))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    total = 0.0
    for first in range(0, num_projections, _AT_ONCE):
        part = directions[first : first + _AT_ONCE]
        difference = np.sort(part @ ours, axis=1) - np.sort(part @ theirs, axis=1)
        total += float(np.vdot(difference, difference)) / num
    return float(3 * dims * total / num_projections)
