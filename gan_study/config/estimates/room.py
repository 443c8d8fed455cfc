"""The number of workers for which one machine has room, and of trials for which a number of workers is enough."""

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


def num_trials_on(num_workers: int, min_workers: int, max_workers: int) -> int:
    """Return how many trials `num_workers` workers can train at once.

    Each trial has `max_workers` of them; where there are fewer, one trial has at least `min_workers`.
    """
    return max(num_workers // max_workers, int(num_workers >= min_workers))
