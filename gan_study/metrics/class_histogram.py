"""Distribution of generated images over classes: lost modes of labelled data, and of stacked digits (1000 classes).

A classifier's errors look like modes: 99.25 % accuracy per digit turns one stacked mode into about 30. Besides the
classes with any image, classes with a tenth of their expected number are counted, which errors seldom reach. The
Kullback-Leibler divergence is hardly affected by errors.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

_LEAST_SHARE_OF_EXPECTED = 0.1


@dataclass(frozen=True)
class ClassHistogram:
    """Shares of the classes among generated images, compared with the real shares."""

    num: int
    """Images counted."""
    shares: tuple[float, ...]
    """Share of each class, by class number."""
    kl: float | None
    """Sum of p ln(p / q) over the generated shares p and the real q, in nats; None if an image has a class that no real
    image has. For a share 1/m of all modes, evenly filled, it is ln m."""
    num_modes: int
    """Classes with at least one image, as the field counts modes."""
    num_sure_modes: int
    """Classes with at least a tenth of the images that their real share predicts, to exclude errors of the
    classifier."""
    expected_kl: float
    """Expected `kl` for as many images of a perfect generator: (K - 1) / 2N, to first order in 1/N."""
    expected_num_modes: float
    """Mean `num_modes` for as many images of a perfect generator."""


def labels_to_class_histogram(
    labels: NDArray[np.integer[Any]], real_shares: NDArray[np.floating[Any]]
) -> ClassHistogram:
    """Histogram of class numbers, (N,) in [0, K), against real shares; see `counts_to_class_histogram`.

    Stacked digits a, b, c are the class 100 a + 10 b + c of K = 1000.
    """
    counts = np.bincount(labels, minlength=len(real_shares))
    assert len(counts) == len(real_shares), f"class {labels.max()} is none of the {len(real_shares)}"
    return counts_to_class_histogram(counts, real_shares)


def counts_to_class_histogram(
    class_counts: NDArray[np.integer[Any]], real_shares: NDArray[np.floating[Any]]
) -> ClassHistogram:
    """Histogram of the images of each class, (K,), against real shares, (K,) with the sum 1.

    The real shares should come from the same classifier, so that its errors cancel; for stacked digits, PacGAN (Lin et
    al. 2018) and earlier papers use 1/1000 each. Raises ValueError if there is no image.
    """
    assert class_counts.shape == real_shares.shape, f"{class_counts.shape} counts for {real_shares.shape} shares"
    assert np.isclose(real_shares.sum(), 1), f"the real shares have the sum {real_shares.sum()}, not 1"
    num = int(class_counts.sum())
    if num == 0:
        raise ValueError("class histogram: there must be images to count, but got num=0; use at least one")
    real = real_shares.astype(np.float64)
    shares = class_counts / num
    kl = float(scipy.special.rel_entr(shares, real).sum())
    return ClassHistogram(
        num=num,
        shares=tuple(shares.tolist()),
        kl=kl if np.isfinite(kl) else None,
        num_modes=int((class_counts > 0).sum()),
        num_sure_modes=int(((class_counts > 0) & (class_counts >= _LEAST_SHARE_OF_EXPECTED * num * real)).sum()),
        expected_kl=(int((real > 0).sum()) - 1) / (2 * num),
        expected_num_modes=float((1 - (1 - real) ** num).sum()),
    )
