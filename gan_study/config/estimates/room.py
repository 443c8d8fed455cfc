"""The number of workers for which one machine has room."""

import math


def num_workers_on(num_cpus: float, num_gpus: float, cpus_per_worker: int, gpus_per_worker: float) -> int:
    """Return how many workers fit on a machine at once.

    A worker's share of a GPU, such as 0.4, comes from one GPU: two GPUs hold four such workers, not five.
    """
    room = math.floor(num_cpus / cpus_per_worker)
    if gpus_per_worker >= 1:
        return min(room, math.floor(num_gpus / gpus_per_worker))
    if gpus_per_worker > 0:
        return min(room, math.floor(num_gpus) * math.floor(1 / gpus_per_worker + 1e-9))
    return room
