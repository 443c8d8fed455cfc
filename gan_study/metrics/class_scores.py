"""Scores of a class-conditional generator, class by class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.frechet import gaussian_to_frechet_distance, gaussian_to_reference
from gan_study.metrics.statistics import Features, features_to_stats

Labels = NDArray[np.integer[Any]]
_LEAST = 2
"""Least images of a covariance."""


@dataclass(frozen=True)
class ClassDistance:
    """The Frechet distance of a class's generated images to half of its real ones, and that of the other half."""

    num: int
    """Images on each side, since the distance of few images is larger."""
    generated: float
    real: float


def class_distances(
    generated: Features, asked: Labels, real: Features, labels: Labels, num_classes: int, seed: int
) -> list[ClassDistance | None]:
    """The distance of each class, by class number; None if it has fewer than 2 generated or 4 real images.

    Heusel et al. 2017 (FID), within each class, as in the intra FID of Miyato & Koyama 2018, section 4.1.

    Args:
        generated: (N, d) finite features of generated images.
        asked: (N,) the classes that the generator was asked for.
        real: (M, d) finite features of real images.
        labels: (M,) their classes.
        num_classes: classes are numbered from 0.
        seed: of the two halves of the real images.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(real))  # a folder's images come class by class
    real, labels = real[order], labels[order]
    return [_distance(generated[asked == number], real[labels == number]) for number in range(num_classes)]


def _distance(generated: Features, real: Features) -> ClassDistance | None:
    num = min(len(generated), len(real) // 2)
    if num < _LEAST:
        return None
    ours, half, other = (features_to_stats(part).to_gaussian() for part in (generated[:num], real[:num], real[-num:]))
    reference = gaussian_to_reference(half)
    found, control = (gaussian_to_frechet_distance(side, reference) for side in (ours, other))
    assert found is not None, "the features are finite"
    assert control is not None, "the features are finite"
    return ClassDistance(num, found.value, control.value)


def class_accuracies(said: Labels, asked: Labels, num_classes: int) -> list[float | None]:
    """The share of each class's images, in [0, 1], in which a classifier sees that class; None without an image.

    The classification accuracy of conditional GANs: Odena et al. 2017 (AC-GAN), section 4.2.
    """
    return [
        float(np.mean(said[chosen] == number)) if (chosen := asked == number).any() else None
        for number in range(num_classes)
    ]
