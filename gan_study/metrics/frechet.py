"""Frechet distance between Gaussians fitted to two sets of features (the FID with Inception's features), and its floor.

Heusel et al. 2017 (TTUR), equation 6; statistics and sign as in pytorch-fid 0.3.0, which divides by n - 1 and does not
clamp. The trace of the matrix square root comes from symmetric eigenvalues or from singular values: scipy.linalg.sqrtm
is slower, has returned garbage (scipy 1.11.2 to 1.12), and changed its signature (1.18).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import Features, FeatureStats, Gaussian, features_to_stats

Array = NDArray[np.float64]

EXACT_PER_DIM = 4
"""Images per dimension from which the floor's formula is accurate (see `frechet_floor`)."""


@dataclass(frozen=True, eq=False)
class FrechetReference:
    """Real features prepared for the distance, by `stats_to_reference` or `gaussian_to_reference`."""

    num: int | None
    """Real feature vectors counted; None if that is not known."""
    mean: Array
    """(d,) mean."""
    trace: float
    """Trace of the covariance."""
    root: Array
    """(d, d) R with R R^T = covariance; its columns are orthogonal."""


@dataclass(frozen=True)
class FrechetDistance:
    """A distance and the two terms whose sum it is."""

    mean_term: float
    """|mean_1 - mean_2|^2."""
    covariance_term: float
    """Tr S_1 + Tr S_2 - 2 Tr sqrt(S_1 S_2); rounding can bring it slightly below 0."""

    @property
    def value(self) -> float:
        """The distance, not clamped at 0."""
        return self.mean_term + self.covariance_term


def stats_to_reference(real: FeatureStats) -> FrechetReference:
    """Prepare the statistics of at least two real features. Raises ValueError if they are not finite."""
    return gaussian_to_reference(real.to_gaussian())


def gaussian_to_reference(real: Gaussian) -> FrechetReference:
    """Prepare the Gaussian of the real features. Raises ValueError if it is not finite."""
    if not (np.isfinite(real.mean).all() and np.isfinite(real.covariance).all()):
        raise ValueError("the features of the real images must be finite, but some are not; check the extractor")
    eigenvalues, vectors = np.linalg.eigh(real.covariance)
    eigenvalues[: -_largest_rank(real)] = 0
    # This is not the symmetric root: R^T S R has equal eigenvalues for every R, and this one needs no product.
    root = vectors * np.sqrt(eigenvalues.clip(min=0))
    return FrechetReference(real.num, real.mean, float(np.trace(real.covariance)), root)


def stats_to_frechet_distance(generated: FeatureStats, reference: FrechetReference) -> FrechetDistance | None:
    """The distance between generated and real features, in float64; None if it is not finite.

    Needs at least two generated features; fewer than d give a singular covariance and a large bias (see
    `frechet_floor`), but a defined value.
    """
    return gaussian_to_frechet_distance(generated.to_gaussian(), reference)


def gaussian_to_frechet_distance(generated: Gaussian, reference: FrechetReference) -> FrechetDistance | None:
    """The distance between the Gaussians of generated and real features, in float64; None if it is not finite.

    Tr sqrt(S_1 S_2) is the sum of the roots of the eigenvalues of R^T S_1 R, where S_2 = R R^T: these are the
    eigenvalues of S_1 S_2.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean_term = float(np.sum((generated.mean - reference.mean) ** 2))
        product = reference.root.T @ generated.covariance @ reference.root
        traces = float(np.trace(generated.covariance)) + reference.trace
    if not _all_finite(mean_term, traces, product):
        return None
    rank = min(_largest_rank(generated), _largest_rank(reference))
    eigenvalues = np.linalg.eigvalsh(product)[-rank:]
    return FrechetDistance(mean_term, traces - 2 * float(np.sqrt(eigenvalues.clip(min=0)).sum()))


def features_to_frechet_distance(features: Features, reference: FrechetReference) -> FrechetDistance | None:
    """The distance between generated features, (N, d) with N >= 2, and the real ones; None if it is not finite.

    With fewer vectors than dimensions it needs no (d, d) covariance: Tr sqrt(S_1 S_2) is the sum of the singular
    values of C R, where C^T C = S_1 (centred features) and R R^T = S_2 (Mathiasen and Hvilshoj 2020, arXiv
    2009.14075). Singular values are also exact where the roots of eigenvalues are not: near 0.
    """
    num, dims = features.shape
    if num >= dims:
        return stats_to_frechet_distance(features_to_stats(features), reference)
    assert num >= 2, f"a covariance needs two feature vectors, not {num}"
    values = features.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(axis=0)
        centred = (values - mean) / np.sqrt(num - 1)
        mean_term = float(np.sum((mean - reference.mean) ** 2))
        product = centred @ reference.root
        traces = float(np.sum(centred**2)) + reference.trace
    if not _all_finite(mean_term, traces, product):
        return None
    return FrechetDistance(mean_term, traces - 2 * float(np.linalg.svd(product, compute_uv=False).sum()))


def frechet_floor(covariance: Array, num_generated: int, num_real: int) -> float:
    """Expected distance between finite samples of one Gaussian, which is the expected score of a perfect generator.

    To first order in 1/N, with the eigenvalues l of the (d, d) covariance: the means differ by Tr S / N, and a
    covariance estimated from N vectors adds (sum over all i, j of l_i l_j / (l_i + l_j) + Tr S / 2) / 2N, both for each
    of the two samples. It is within 2 % of simulation if N is at least 8 d, within 4 % at 4 d, and worse for fewer.
    """
    return _floor(np.linalg.eigvalsh(covariance), num_generated, num_real)


def floor_is_rough(num_generated: int, num_real: int, dims: int) -> bool:
    """Return True if a side has fewer than 4 d images, for which `frechet_floor` is off by more than about 4 %."""
    return min(num_generated, num_real) < EXACT_PER_DIM * dims


def reference_floor(reference: FrechetReference, num_generated: int) -> float | None:
    """`frechet_floor` for this reference; None if the number of its real features is not known."""
    if reference.num is None:
        return None
    # The root's columns are eigenvectors times the roots of their eigenvalues.
    return _floor(np.sum(reference.root**2, axis=0), num_generated, reference.num)


def _floor(eigenvalues: NDArray[np.floating[Any]], num_generated: int, num_real: int) -> float:
    eigenvalues = eigenvalues.clip(min=0)
    trace = eigenvalues.sum()
    sums = np.add.outer(eigenvalues, eigenvalues)
    products = np.multiply.outer(eigenvalues, eigenvalues)
    harmonic = np.divide(products, sums, out=np.zeros_like(sums), where=sums > 0).sum()
    return float((trace + 0.5 * (harmonic + 0.5 * trace)) * (1 / num_generated + 1 / num_real))


def _largest_rank(fitted: Gaussian | FrechetReference) -> int:
    """The largest possible rank of the covariance: that of n vectors is at most n - 1.

    Eigenvalues beyond it are rounding errors, whose roots (1e-16 gives 1e-8 each) would add up.
    """
    dims = len(fitted.mean)
    return dims if fitted.num is None else min(fitted.num - 1, dims)


def _all_finite(mean_term: float, traces: float, product: Array) -> bool:
    return bool(np.isfinite([mean_term, traces]).all() and np.isfinite(product).all())
