"""Kernel inception distance: unbiased squared maximum mean discrepancy with a cubic kernel (Binkowski et al. 2018).

It is called KID if the features are Inception's 2048-d ones. Unlike the Frechet distance it has no bias from the number
of images: its expectation is 0 for a perfect generator, so single values may be negative.
"""

from dataclasses import dataclass

import numpy as np

from gan_study.metrics.statistics import Features, check_features

_ROWS = 100
"""Rows of the kernel matrix that are computed at a time, so that they stay in a core's cache."""


@dataclass(frozen=True)
class KernelDistance:
    """Mean and spread of the squared discrepancy over random subsets."""

    mean: float
    """Mean over the subsets; may be negative."""
    std: float
    """Standard deviation (divisor n) over the subsets. It is no standard error of the mean, since the subsets
    overlap."""


def features_to_kernel_distance(
    generated: Features, real: Features, *, num_subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """KID between generated (N, d) and real (M, d) features, over subsets drawn without replacement from each.

    The defaults are the field's (torch-fidelity, stylegan3, clean-fid). Works in float64. Raises ValueError if there
    are fewer features than `subset_size`, or some are not finite.
    """
    assert subset_size >= 2, f"a subset needs two features, not {subset_size}"
    assert num_subsets >= 1, f"a mean needs one subset, not {num_subsets}"
    check_features(generated, "generated", subset_size)
    check_features(real, "real", subset_size)
    random = np.random.default_rng(seed)
    values = [
        polynomial_mmd2(_subset(generated, subset_size, random), _subset(real, subset_size, random))
        for _ in range(num_subsets)
    ]
    return KernelDistance(float(np.mean(values)), float(np.std(values)))


def polynomial_mmd2(x: Features, y: Features) -> float:
    """Unbiased estimate of the squared MMD of x (n, d) and y (m, d) with the kernel k(a, b) = (a.b / d + 1)^3.

    Gretton et al. 2012 (JMLR 13), equation 3: the mean of k over pairs of different vectors within x, plus that within
    y, minus twice the mean over pairs across. Needs n, m >= 2; float64.
    """
    a, b = x.astype(np.float64), y.astype(np.float64)
    within = sum(_mean_of_different(values) for values in (a, b))
    return within - 2 * _kernel_sum(a, b) / (len(a) * len(b))


def _mean_of_different(values: Features) -> float:
    num, dims = values.shape
    of_itself = np.einsum("nd,nd->n", values, values) / dims + 1
    return (_kernel_sum(values, values) - float((of_itself**3).sum())) / float(num * (num - 1))


def _kernel_sum(a: Features, b: Features) -> float:
    """The sum of the kernel over all pairs of a row of `a` and a row of `b`."""
    scaled, total = a / a.shape[1], 0.0
    for start in range(0, len(a), _ROWS):
        base = scaled[start : start + _ROWS] @ b.T
        base += 1
        total += float(np.vdot(base * base, base))  # numpy's power takes twenty times as long
    return total


def _subset(features: Features, size: int, random: np.random.Generator) -> Features:
    return features[random.choice(len(features), size, replace=False)]
