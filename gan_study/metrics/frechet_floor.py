"""The Frechet distance that a perfect generator is expected to have, because both sides are finite samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT_PER_DIM = 4
"""Images per dimension from which the floor's formula is accurate (see `frechet_floor`)."""


def frechet_floor(covariance: NDArray[np.float64], num_generated: int, num_real: int) -> float:
    """Expected distance between finite samples of one Gaussian, which is the expected score of a perfect generator.

    To first order in 1/N, with the eigenvalues l of the (d, d) covariance: the means differ by Tr S / N, and a
    covariance estimated from N vectors adds (sum over all i, j of l_i l_j / (l_i + l_j) + Tr S / 2) / 2N, both for each
    of the two samples. It is within 2 % of simulation if N is at least 8 d, within 4 % at 4 d, and worse for fewer.
    """
    return eigenvalues_to_floor(np.linalg.eigvalsh(covariance), num_generated, num_real)


def floor_is_rough(num_generated: int, num_real: int, dims: int) -> bool:
    """Return True if a side has fewer than 4 d images, for which `frechet_floor` is off by more than about 4 %."""
    return min(num_generated, num_real) < EXACT_PER_DIM * dims


def eigenvalues_to_floor(eigenvalues: NDArray[np.floating[Any]], num_generated: int, num_real: int) -> float:
    """`frechet_floor` from the (d,) eigenvalues of the covariance."""
    eigenvalues = eigenvalues.clip(min=0)
    trace = eigenvalues.sum()
    sums = np.add.outer(eigenvalues, eigenvalues)
    products = np.multiply.outer(eigenvalues, eigenvalues)
    harmonic = np.divide(products, sums, out=np.zeros_like(sums), where=sums > 0).sum()
    return float((trace + 0.5 * (harmonic + 0.5 * trace)) * (1 / num_generated + 1 / num_real))
