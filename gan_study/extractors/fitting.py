"""How the extractors that learn from the data set are trained: the same on every run of one machine."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_study.data.sampler import batch_positions
from gan_study.extractors.progress import at_work, passed

BATCH_SIZE = 64

_N = TypeVar("_N", bound=nn.Module)


def fit(
    build: Callable[[], _N],
    batch_loss: Callable[[_N, NDArray[np.int64]], Tensor],
    indices: NDArray[np.int64],
    num_steps: int,
    seed: int,
) -> _N:
    """A network trained with Adam and a cosine schedule, frozen and in evaluation mode.

    `batch_loss` is given the network and the numbers of 64 images, drawn from `indices`. One thread and a fixed
    seed make it repeatable.
    """
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = build()
            with at_work("steps of training the extractor", num_steps):
                _descend(network, batch_loss, indices, num_steps, seed)
    finally:
        torch.set_num_threads(num_threads)
    return network.eval().requires_grad_(False)


def _descend(
    network: _N,
    batch_loss: Callable[[_N, NDArray[np.int64]], Tensor],
    indices: NDArray[np.int64],
    num_steps: int,
    seed: int,
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    for step in range(num_steps):
        loss = batch_loss(network, indices[batch_positions(seed, step * BATCH_SIZE, BATCH_SIZE, len(indices))])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        passed(1)
