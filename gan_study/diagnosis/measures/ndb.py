"""Number of statistically different bins (NDB; Richardson and Weiss 2018, NeurIPS): lost modes without labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

from gan_study.metrics.statistics import Features

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

_SIGNIFICANT_Z = 4.0
"""Least |z| of a different bin: of 100 bins, none differs by chance. (The paper's default, p < 0.05, flags five by
chance.)"""
_IMAGES_PER_BIN = 20
"""An empty bin with fewer expected images would not reach this z."""
_MOST_BINS = 100
_MOST_FITTED = 20_000


@dataclass(frozen=True, eq=False)
class Bins:
    """Voronoi cells of the training images."""

    means: "KMeans"
    """The fitted k-means model with the centres."""
    counts: NDArray[np.int64]
    """(K,) training images in each cell."""


@dataclass(frozen=True)
class Ndb:
    """Comparison of generated and training images by bins."""

    num_bins: int
    share: float
    """Share of the bins with significantly different proportions, in [0, 1]: NDB / K."""
    jensen_shannon: float
    """Jensen-Shannon divergence of the two histograms, in nats."""


def fit_bins(train: Features, num_generated: int, seed: int = 0) -> Bins:
    """k-means cells of training features (M, d), as many as `num_generated` images can fill, at most 100."""
    from sklearn.cluster import KMeans  # takes a second

    num_bins = int(np.clip(num_generated // _IMAGES_PER_BIN, 2, _MOST_BINS))
    chosen = np.random.default_rng(seed).permutation(len(train))[:_MOST_FITTED]
    fitted = np.ascontiguousarray(train[chosen], dtype=np.float32)
    means = KMeans(num_bins, n_init=1, max_iter=30, random_state=seed).fit(fitted)
    return Bins(means, np.bincount(means.labels_, minlength=num_bins))


def features_to_ndb(features: Features, bins: Bins) -> Ndb:
    """Two-proportion z-test (pooled variance) of every bin, for features (N, d); compare it with the NDB of held-out
    images."""
    counts = np.bincount(
        bins.means.predict(np.ascontiguousarray(features, dtype=np.float32)), minlength=len(bins.counts)
    )
    num, num_train = counts.sum(), bins.counts.sum()
    pooled = (counts + bins.counts) / (num + num_train)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / num + 1 / num_train))
    difference = counts / num - bins.counts / num_train
    # If all images or none are in a bin, there is no deviation and no difference.
    z = np.divide(difference, deviation, out=np.zeros_like(difference), where=deviation > 0)
    return Ndb(
        num_bins=len(counts),
        share=float((np.abs(z) > _SIGNIFICANT_Z).mean()),
        jensen_shannon=float(scipy.spatial.distance.jensenshannon(counts, bins.counts) ** 2),
    )
