"""Frechet distance between Gaussians fitted to two sets of features (FID, if they are Inception's), and its floor.

Heusel et al. 2017 (TTUR), equation 6; statistics and sign as in pytorch-fid 0.3.0, which divides by n - 1 and does
not clamp. The trace of the matrix square root comes from symmetric eigenvalues: scipy.linalg.sqrtm is slower, has
returned garbage (scipy 1.11.2 to 1.12), and changed its signature (1.18).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import FeatureStats


@dataclass(frozen=True, eq=False)
class FrechetReference:
    """What the distance needs of the real features, made once by `stats_to_reference`."""

    num: int
    """Real feature vectors counted."""
    mean: NDArray[np.float64]
    """(d,) mean."""
    trace: float
    """Trace of the covariance."""
    root: NDArray[np.float64]
    """(d, d) R with R R^T = covariance."""


@dataclass(frozen=True)
class FrechetDistance:
    """A distance and the two terms it is the sum of."""

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
    covariance = real.covariance()
    if not (np.isfinite(real.mean).all() and np.isfinite(covariance).all()):
        raise ValueError("the features of the real images must be finite, but some are not; check the extractor")
    eigenvalues, vectors = np.linalg.eigh(covariance)
    # Not the symmetric root: R^T S R has the same eigenvalues for every R, and this one needs no product.
    root = vectors * np.sqrt(eigenvalues.clip(min=0))
    return FrechetReference(real.num, real.mean, float(np.trace(covariance)), root)


def stats_to_frechet_distance(generated: FeatureStats, reference: FrechetReference) -> FrechetDistance | None:
    """The distance between generated and real features, in float64; None if it is not finite.

    Tr sqrt(S_1 S_2) is the sum of the roots of the eigenvalues of R^T S_1 R, where S_2 = R R^T: these are the
    eigenvalues of S_1 S_2. Needs at least two generated features; fewer than d give a singular covariance and
    a large bias (see `frechet_floor`), but a defined value.
    """
    covariance = generated.covariance()
    with np.errstate(over="ignore", invalid="ignore"):
        mean_term = float(np.sum((generated.mean - reference.mean) ** 2))
        product = reference.root.T @ covariance @ reference.root
        traces = float(np.trace(covariance)) + reference.trace
    if not (np.isfinite([mean_term, traces]).all() and np.isfinite(product).all()):
        return None
    # n vectors have a covariance of rank n - 1 at most. The other eigenvalues are rounding errors, whose
    # roots (1e-16 gives 1e-8 each) would add up.
    rank = min(generated.num, reference.num) - 1
    eigenvalues = np.linalg.eigvalsh(product)[-rank:]
    return FrechetDistance(mean_term, traces - 2 * float(np.sqrt(eigenvalues.clip(min=0)).sum()))


def frechet_floor(covariance: NDArray[np.float64], num_generated: int, num_real: int) -> float:
    """Expected distance between finite samples of one Gaussian: what a perfect generator scores.

    To first order in 1/N, with the eigenvalues l of the (d, d) covariance: the means differ by Tr S / N, and a
    covariance estimated from N vectors adds (sum over all i, j of l_i l_j / (l_i + l_j) + Tr S / 2) / 2N, both for
    each of the two samples. Within 2 % of simulation if N is at least 8 d, 4 % at 4 d, worse for fewer.
    """
    eigenvalues = np.linalg.eigvalsh(covariance).clip(min=0)
    trace = eigenvalues.sum()
    sums = np.add.outer(eigenvalues, eigenvalues)
    products = np.multiply.outer(eigenvalues, eigenvalues)
    harmonic = np.divide(products, sums, out=np.zeros_like(sums), where=sums > 0).sum()
    return float((trace + 0.5 * (harmonic + 0.5 * trace)) * (1 / num_generated + 1 / num_real))
