"""Cheap signs of collapse in a batch of generated images, for every evaluation during training."""

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.metrics.statistics import Features

_BLOCK_VALUES = 2**23
"""Distances that are in memory together: 64 MiB."""


def duplicate_share(images: NDArray[np.uint8]) -> float:
    """Share of the images (N, ...), uint8, that equal an earlier image byte for byte; 0 if all differ."""
    hashes = {blake2b(image.tobytes(), digest_size=16).digest() for image in images}
    return 1 - len(hashes) / len(images)


def level_deviation(images: NDArray[np.uint8]) -> float:
    """Standard deviation of all values of a set of images, uint8 in [0, 255], in levels.

    Below one level every image is one flat colour: tanh is saturated, or the generator is dead.
    """
    return float(images.std(dtype=np.float64))


def variation_share(images: NDArray[np.uint8]) -> float:
    """Share of the variance of all values that is variance between images at one place, in [0, 1].

    images: (N, ...) uint8. 0 if all images are equal, 1 if their mean is flat. It distinguishes a generator that
    repeats one image with hardly any change from one whose images are faint because it has not learned yet.
    """
    values = images.reshape(len(images), -1)
    total = float(values.var(dtype=np.float64))
    return float(values.var(axis=0, dtype=np.float64).mean()) / total if total > 0 else 0.0


def pairwise_distance_ratio(generated: Features, real: Features) -> float | None:
    """Mean distance of two generated vectors relative to that of two real ones: 1 for a perfect generator, 0 if all are
    equal.

    generated, real: (N, d), equally many; time grows with N^2 d. Metz et al. 2017 (Unrolled GAN), section 3.3.2,
    compare the histograms of these distances. The ratio is insensitive to partial collapse: 5 of 10 classes still reach
    0.93. None if all real vectors are equal.
    """
    assert len(generated) == len(real) >= 2, f"{len(generated)} generated vectors for {len(real)} real ones"
    real_mean = mean_distance(real)
    return mean_distance(generated) / real_mean if real_mean > 0 else None


def mean_distance(features: Features) -> float:
    """Mean Euclidean distance of two different rows of (N, d) vectors, N >= 2.

    These are the numbers of scikit-learn's `pairwise_distances_chunked`, whose import takes a second, for which the
    first step of each training would wait.
    """
    values = features.astype(np.float64)
    values -= values.mean(axis=0)  # The expanded square below loses digits far from the origin.
    num, squares, total = len(values), np.einsum("ij,ij->i", values, values), 0.0
    for start in range(0, num, rows := max(1, _BLOCK_VALUES // num)):
        block = values[start : start + rows] @ values.T
        block *= -2
        block += squares[start : start + rows, None]
        block += squares
        np.maximum(block, 0, out=block)
        block.flat[start :: num + 1] = 0  # the distance of a vector from itself
        total += float(np.sqrt(block, out=block).sum())
    return total / (num * (num - 1))


def latent_sensitivity(
    z: NDArray[np.floating[Any]],
    other_z: NDArray[np.floating[Any]],
    images: NDArray[np.floating[Any]],
    other_images: NDArray[np.floating[Any]],
) -> float:
    """Change of the image per change of the latent: mean |G(z1) - G(z2)| / mean |z1 - z2|; 0 if all images are equal.

    z, other_z: (N, z_dim); images, other_images: G(z), G(other_z), (N, ...) in [-1, 1]. Mao et al. 2019 (MSGAN, CVPR),
    as in their code. Compare values within one training only, since they depend on the scale of z.
    """
    assert len(z) == len(other_z) == len(images) == len(other_images), "latents and images must come in pairs"
    moved = np.abs(images.astype(np.float64) - other_images).mean()
    return float(moved / np.abs(z.astype(np.float64) - other_z).mean())
