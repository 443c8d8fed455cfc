"""The order in which a training sees its images: shuffled in each epoch, a function of the seed alone."""

import threading
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_STREAM = 0x5A4D


def batch_positions(seed: int, cur_nimg: int, batch_size: int, num_images: int) -> NDArray[np.int64]:
    """The numbers, out of `num_images`, of the images in the batch after `cur_nimg` images: (batch_size,).

    Any batch can be computed at any time, so a resumed run continues in the middle of an epoch, and every worker can
    cut its part out of the global batch.
    """
    positions = np.arange(cur_nimg, cur_nimg + batch_size)
    epochs, offsets = np.divmod(positions, num_images)
    batch = np.empty(batch_size, dtype=np.int64)
    for epoch in range(int(epochs[0]), int(epochs[-1]) + 1):
        inside = epochs == epoch
        batch[inside] = _known.epoch_order(seed, epoch, num_images)[offsets[inside]]
    return batch


def _epoch_order(seed: int, epoch: int, num_images: int) -> NDArray[np.int64]:
    return np.random.default_rng([_STREAM, seed, epoch]).permutation(num_images)


class _KnownOrders(threading.local):
    """The latest orders that this thread has used; each thread may train a trial of its own."""

    def __init__(self) -> None:
        self.epoch_order = lru_cache(maxsize=4)(_epoch_order)


_known = _KnownOrders()
