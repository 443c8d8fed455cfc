"""Precision, recall, density and coverage: shares of images within nearest-neighbour balls of other images.

The ball of a vector extends to its k-th nearest neighbour among its own kind, itself not counted. Balls are closed
(`<=`, as in Kynkaanniemi's code), so that an exact copy on the border is inside; the `prdc` package uses `<`, which
differs for copies and for features on a grid only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import Features, check_features

BLOCK_MIB = 64
"""Memory of one block of rows of a distance matrix."""
_RESOLUTION = 1e-6
"""Vectors closer than this share of their length have the distance 0, since rounding separates copies by up to 1e-7."""


@dataclass(frozen=True)
class Prdc:
    """Four shares that distinguish low quality from missing variety. Compare them only with a control of as many
    images."""

    precision: float
    """Share of the generated images in a real ball, in [0, 1]: quality."""
    recall: float
    """Share of the real images in a generated ball, in [0, 1]. It is no evidence alone, since noise reaches 1."""
    density: float
    """Real balls around a generated image, divided by k: at least 0, about 1 for a perfect generator."""
    coverage: float
    """Share of the real balls that hold a generated image, in [0, 1]: low when modes are lost."""


Radii = NDArray[np.float32]
"""(N,) radius of each vector's ball."""


def features_to_prdc(
    generated: Features,
    real: Features,
    *,
    recall_k: int = 3,
    coverage_k: int = 5,
    real_radii: tuple[Radii, Radii] | None = None,
) -> Prdc:
    """Precision and recall with `recall_k`, density and coverage with `coverage_k` neighbours.

    generated, real: (N, d), equally many, because coverage depends on the ratio (see `expected_coverage`). Kynkaanniemi
    et al. 2019 (NeurIPS), equation 2; Naeem et al. 2020 (ICML), section 3. Distances are Euclidean: summed in float64,
    compared in float32. Time grows with N^2 d; memory is that of a block of the distances for any N. `real_radii`, from
    `prdc_radii` of the same features and neighbours, saves a third of the time. Raises ValueError if the numbers differ
    or are not above k, or if features are not finite.
    """
    assert min(recall_k, coverage_k) >= 1, f"a ball reaches to a neighbour, not to number {min(recall_k, coverage_k)}"
    for whose, features in (("generated", generated), ("real", real)):
        check_features(features, whose, max(recall_k, coverage_k) + 1)
    if len(generated) != len(real):
        raise ValueError(
            f"precision, recall, density and coverage: there must be as many generated as real features, but got "
            f"num_generated={len(generated)}, num_real={len(real)}; take a random part of the larger set"
        )
    precision_radii, coverage_radii = real_radii or prdc_radii(real, recall_k=recall_k, coverage_k=coverage_k)
    (generated_radii,) = _radii(generated, [recall_k])
    num_precise = num_balls = 0
    recalled, covered = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    for rows, distances in _distance_blocks(generated, real):
        num_precise += int((distances <= precision_radii).any(axis=1).sum())
        in_ball = distances <= coverage_radii
        num_balls += int(in_ball.sum())
        covered |= in_ball.any(axis=0)
        recalled |= (distances <= generated_radii[rows, np.newaxis]).any(axis=0)
    num = len(generated)
    return Prdc(num_precise / num, float(recalled.mean()), num_balls / (coverage_k * num), float(covered.mean()))


def prdc_radii(real: Features, *, recall_k: int = 3, coverage_k: int = 5) -> tuple[Radii, Radii]:
    """Radii of real features (N, d) for `features_to_prdc`, for both numbers of neighbours, to be reused.

    Raises ValueError unless N is above both numbers.
    """
    check_features(real, "real", max(recall_k, coverage_k) + 1)
    precision_radii, coverage_radii = _radii(real, [recall_k, coverage_k])
    return precision_radii, coverage_radii


def ball_radii(real: Features, k: int = 5) -> Radii:
    """The (N,) distances of (N, d) features to their k-th nearest other one. Raises ValueError for N <= k."""
    check_features(real, "real", k + 1)
    return _radii(real, [k])[0]


def features_to_coverage(generated: Features, real: Features, radii: Radii) -> float:
    """The coverage of `features_to_prdc` alone, from real `ball_radii`, in a third of its time.

    generated, real: (N, d), equally many. Raises ValueError as `features_to_prdc` does.
    """
    check_features(generated, "generated", 1)
    if len(generated) != len(real):
        raise ValueError(
            f"coverage: there must be as many generated as real features, but got num_generated={len(generated)}, "
            f"num_real={len(real)}; take a random part of the larger set"
        )
    covered = np.zeros(len(real), dtype=bool)
    for _, distances in _distance_blocks(generated, real):
        covered |= (distances <= radii).any(axis=0)
    return float(covered.mean())


def prdc_control(real: Features, num: int, *, recall_k: int = 3, coverage_k: int = 5, seed: int = 0) -> Prdc:
    """Scores for `num` images of a perfect generator: one random part of the real features against another.

    real: (M, d) with M >= 2 num; the parts are disjoint. Raises ValueError if there are fewer, and where
    `features_to_prdc` does.
    """
    if len(real) < 2 * num:
        raise ValueError(
            f"control: there must be twice as many real features as are scored, but got num_real={len(real)}, "
            f"num={num}; score fewer images"
        )
    order = np.random.default_rng(seed).permutation(len(real))
    first, second = real[order[:num]], real[order[num : 2 * num]]
    return features_to_prdc(first, second, recall_k=recall_k, coverage_k=coverage_k)


def expected_coverage(num_generated: int, num_real: int, k: int = 5) -> float:
    """Mean coverage of a perfect generator: 1 - prod_{i=1..k} (N - i) / (N + M - i).

    Naeem et al. 2020, lemma 2, with N = num_real and M = num_generated. For equal numbers it tends to 1 - 2^-k: 0.969
    for k = 5.
    """
    return 1 - prod((num_real - i) / (num_real + num_generated - i) for i in range(1, k + 1))


def _radii(features: Features, ks: list[int]) -> list[Radii]:
    """For each k, the (N,) distances of each vector to its k-th nearest other one."""
    blocks = []
    for rows, distances in _distance_blocks(features, features):
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        blocks.append(np.partition(distances, [k - 1 for k in ks], axis=1)[:, [k - 1 for k in ks]])
    return list(np.concatenate(blocks).T)


def _distance_blocks(a: Features, b: Features) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Blocks of rows of the (N, M) float32 distances between a (N, d) and b (M, d), with their row numbers.

    scikit-learn sums the squares of float32 vectors in float64. Distances that differ by rounding alone, such as those
    of an image and its copy from a third image, are equal in the float32 result, on which `<=` relies.
    """
    from sklearn.metrics import pairwise_distances_chunked  # takes a second

    resolution = _RESOLUTION * np.linalg.norm(a, axis=1, keepdims=True)
    start = 0
    for block in pairwise_distances_chunked(
        np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32), working_memory=BLOCK_MIB
    ):
        rows = slice(start, start + len(block))
        block[block < resolution[rows]] = 0
        yield rows, block
        start = rows.stop
