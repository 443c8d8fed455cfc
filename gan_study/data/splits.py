"""The choice of learned and held-out images, as a function of labels and seed alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_HELD_OUT_STREAM = 0x4E1D
_PART_STREAM = 0x9A27


def held_out_counts(class_sizes: Sequence[int], share: float) -> list[int]:
    """Number of held-out images in each class: the share, rounded, but at least one in all, and never a whole class.

    Raises ValueError if the largest class has fewer than two images, so that nothing can be held out.
    """
    if max(class_sizes) < 2:
        raise ValueError("no class has two images")
    counts = [min(round(size * share), size - 1) for size in class_sizes]
    if not any(counts):
        counts[int(np.argmax(class_sizes))] = 1
    return counts


def choose_held_out(labels: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels (N,) => train and held-out indices, ascending; each class contributes its share to the held-out part."""
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    counts = held_out_counts([len(members) for members in classes], share)
    random = np.random.default_rng([_HELD_OUT_STREAM, seed])
    chosen = [random.permutation(members)[:count] for members, count in zip(classes, counts, strict=True)]
    is_held_out = np.zeros(len(labels), bool)
    is_held_out[np.concatenate(chosen)] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def choose_part(indices: NDArray[np.int64], max_images: int | None, seed: int) -> NDArray[np.int64]:
    """At most `max_images` of the indices, chosen by the seed, ascending."""
    if max_images is None or max_images >= len(indices):
        return indices
    chosen = np.random.default_rng([_PART_STREAM, seed]).choice(indices, max_images, replace=False)
    return np.sort(chosen)
