"""A world of ten classes, each a Gaussian in 16 dimensions, and generators whose failure in it is known."""

import numpy as np

from gan_study.diagnosis.diagnose import ImageSet

NUM_CLASSES = 10
DIMS = 16
_MEANS = 2 * np.random.default_rng(42).normal(size=(NUM_CLASSES, DIMS))
_PIXELS = 8 * np.random.default_rng(43).normal(size=(DIMS, 64))


def draw(num: int, seed: int, num_classes: int = NUM_CLASSES, spread: float = 1.0) -> np.ndarray:
    """Features (num, 16) of the first classes, in equal shares on average; `spread` 1 is the truth."""
    rng = np.random.default_rng(seed)
    return _MEANS[rng.integers(num_classes, size=num)] + spread * rng.normal(size=(num, DIMS))


def pool(size: int, num: int, seed: int) -> np.ndarray:
    """`num` draws with repetition out of `size` different vectors."""
    return draw(size, seed)[np.random.default_rng(seed + 1).integers(size, size=num)]


def with_copies(originals: np.ndarray, share: float, num: int, seed: int) -> np.ndarray:
    """New vectors, but for a share that repeats `originals` with hardly visible noise."""
    features, rng = draw(num, seed), np.random.default_rng(seed + 1)
    copied = originals[rng.permutation(len(originals))[: round(share * num)]]
    features[: len(copied)] = copied + 1e-3 * rng.normal(size=copied.shape)
    return features


def noise(num: int, seed: int) -> np.ndarray:
    """Vectors that know nothing of the classes."""
    centre: np.ndarray = _MEANS.mean(axis=0)
    return centre + 6 * np.random.default_rng(seed).normal(size=(num, DIMS))


def image_set(features: np.ndarray) -> ImageSet:
    """Images (N, 8, 8) and the labels of the nearest means beside the features."""
    images = np.clip(features @ _PIXELS + 128, 0, 255).astype(np.uint8).reshape(-1, 8, 8)
    labels = np.linalg.norm(features[:, np.newaxis] - _MEANS, axis=2).argmin(axis=1)
    return ImageSet(features, images, labels)
