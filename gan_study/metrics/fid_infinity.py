"""The Frechet distance for infinitely many generated images, by extrapolation (FID-infinity, Chong and Forsyth
2020)."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import scipy  # loads its parts when they are used

from gan_study.metrics.frechet import FrechetReference, features_to_frechet_distance
from gan_study.metrics.statistics import Features, check_features

_LEAST_PER_DIM = 2.4
"""Images per dimension from which the distance is linear in 1/N: the paper's 5,000 for 2048. With fewer than one, the
extrapolation is far too low."""
_CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class FrechetInfinity:
    """A line through distances at several numbers of images, and its value at 1/N = 0."""

    value: float
    """The distance at 1/N = 0. The reference's own bias, from finitely many real images, remains."""
    low: float
    """Lower end of the interval of `value`."""
    high: float
    """Upper end of the interval of `value`."""
    slope: float
    """Slope of the distance against 1/N."""
    nums: tuple[int, ...]
    """Numbers of images of the points."""
    distances: tuple[float, ...]
    """Distances of the points."""


def features_to_frechet_infinity(
    generated: Features, reference: FrechetReference, *, num_points: int = 15, seed: int = 0
) -> FrechetInfinity:
    """Extrapolate the distance of generated features, (N, d), linearly in 1/N.

    Chong and Forsyth 2020 (CVPR): `num_points` numbers of images, evenly between the least and all (for 50,000 features
    of 2048 dimensions from 5,000 on, as in the paper), a random subset of each size, and a least-squares line. The 95 %
    interval of the line shows how well the points lie on it. Since all points come from the same images, it does not
    show how another draw of the generator would differ (with 500 images of 16 dimensions it held the truth in 58 % of
    300 draws); repeat the extrapolation with fresh latents for that. Raises ValueError if N is below 4.8 d, from which
    on the points span a factor of two, or if features are not finite.
    """
    assert num_points >= 3, f"a line with an interval needs three points, not {num_points}"
    num, dims = generated.shape
    least = ceil(max(_LEAST_PER_DIM * dims, num / 10))
    check_features(generated, "generated", max(2 * ceil(_LEAST_PER_DIM * dims), 2 * num_points))
    nums = np.linspace(least, num, num_points).round().astype(int)
    random = np.random.default_rng(seed)
    subsets = (generated[random.choice(num, size, replace=False)] for size in nums)
    distances = [features_to_frechet_distance(subset, reference) for subset in subsets]
    values = [distance.value for distance in distances if distance is not None]
    assert len(values) == num_points, "features are finite, so are their distances"
    line = scipy.stats.linregress(1 / nums, values)
    half_width = scipy.stats.t.ppf((1 + _CONFIDENCE) / 2, num_points - 2) * line.intercept_stderr
    return FrechetInfinity(
        value=float(line.intercept),
        low=float(line.intercept - half_width),
        high=float(line.intercept + half_width),
        slope=float(line.slope),
        nums=tuple(nums.tolist()),
        distances=tuple(values),
    )
