"""Frechet distance between Gaussians fitted to two sets of features (the FID with Inception's features).

Heusel et al. 2017 (TTUR), equation 6; statistics and sign as in pytorch-fid 0.3.0, which divides by n - 1 and does not
clamp. The trace of the matrix square root comes from symmetric eigenvalues or from singular values: scipy.linalg.sqrtm
is slower, has returned garbage (scipy 1.11.2 to 1.12), and changed its signature (1.18).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_study.metrics.frechet_floor import eigenvalues_to_floor
from gan_study.metrics.statistics import Features, FeatureStats, Gaussian, features_to_stats

Array = NDArray[np.float64]


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


def stats_to_reference(real: FeatureStats, device: torch.device | None = None) -> FrechetReference:
    """Prepare the statistics of at least two real features. Raises ValueError if they are not finite."""
    return gaussian_to_reference(real.to_gaussian(), device)


def gaussian_to_reference(real: Gaussian, device: torch.device | None = None) -> FrechetReference:
    """Prepare the Gaussian of the real features, on `device`, by default the CPU.

    Raises ValueError if it is not finite.
    """
    if not (np.isfinite(real.mean).all() and np.isfinite(real.covariance).all()):
        raise ValueError("the features of the real images must be finite, but some are not; check the extractor")
    eigenvalues, vectors = torch.linalg.eigh(_on(device, real.covariance))
    eigenvalues[: -_largest_rank(real)] = 0
    # This is not the symmetric root: R^T S R has equal eigenvalues for every R, and this one needs no product.
    root = (vectors * eigenvalues.clamp(min=0).sqrt()).contiguous().cpu().numpy()
    return FrechetReference(real.num, real.mean, float(np.trace(real.covariance)), root)


def stats_to_frechet_distance(
    generated: FeatureStats, reference: FrechetReference, device: torch.device | None = None
) -> FrechetDistance | None:
    """The distance between generated and real features, in float64; None if it is not finite.

    Needs at least two generated features; fewer than d give a singular covariance and a large bias (see
    `frechet_floor`), but a defined value.
    """
    return gaussian_to_frechet_distance(generated.to_gaussian(), reference, device)


def gaussian_to_frechet_distance(
    generated: Gaussian, reference: FrechetReference, device: torch.device | None = None
) -> FrechetDistance | None:
    """The distance between the Gaussians of generated and real features, in float64; None if it is not finite.

    It is computed on `device`, by default the CPU, where torch's threads share the work. Tr sqrt(S_1 S_2) is the sum of
    the roots of the eigenvalues of R^T S_1 R, where S_2 = R R^T: these are the eigenvalues of S_1 S_2.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean_term = float(np.sum((generated.mean - reference.mean) ** 2))
        traces = float(np.trace(generated.covariance)) + reference.trace
    root = _on(device, reference.root)
    product = root.T @ _on(device, generated.covariance) @ root
    if not (np.isfinite([mean_term, traces]).all() and product.isfinite().all()):
        return None
    rank = min(_largest_rank(generated), _largest_rank(reference))
    eigenvalues = torch.linalg.eigvalsh(product)[-rank:]
    return FrechetDistance(mean_term, traces - 2 * float(eigenvalues.clamp(min=0).sqrt().sum()))


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
    if not (np.isfinite([mean_term, traces]).all() and np.isfinite(product).all()):
        return None
    return FrechetDistance(mean_term, traces - 2 * float(np.linalg.svd(product, compute_uv=False).sum()))


def reference_floor(reference: FrechetReference, num_generated: int) -> float | None:
    """`frechet_floor` for this reference; None if the number of its real features is not known."""
    if reference.num is None:
        return None
    # The root's columns are eigenvectors times the roots of their eigenvalues.
    return eigenvalues_to_floor(np.sum(reference.root**2, axis=0), num_generated, reference.num)


def _largest_rank(fitted: Gaussian | FrechetReference) -> int:
    """The largest possible rank of the covariance: that of n vectors is at most n - 1.

    Eigenvalues beyond it are rounding errors, whose roots (1e-16 gives 1e-8 each) would add up.
    """
    dims = len(fitted.mean)
    return dims if fitted.num is None else min(fitted.num - 1, dims)


def _on(device: torch.device | None, array: Array) -> Tensor:
    return torch.from_numpy(array).to(device or torch.device("cpu"))
