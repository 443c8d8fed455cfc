"""A CPU's threads side by side, each with work of its own.

torch shares the work of one operation among its threads, which then wait for each other at every one. Where a network
has many short operations, parts of the batch in threads of their own are faster.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


def map_in_threads(function: Callable[[Tensor], Tensor], parts: Sequence[Tensor]) -> list[Tensor]:
    """`function` of each part, in order, on as many threads as torch has here; with one, in the caller's own.

    Whether gradients are kept and in which floats products are made holds within the threads as it does outside.
    """
    num_threads = torch.get_num_threads()
    if num_threads == 1 or len(parts) == 1:
        return [function(part) for part in parts]
    inference = torch.is_inference_mode_enabled()
    autocast, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def run(part: Tensor) -> Tensor:
        # What torch keeps for each thread, and gives a new one its defaults of.
        with torch.inference_mode(inference), torch.autocast("cpu", dtype, enabled=autocast):
            return function(part)

    try:
        with ThreadPoolExecutor(num_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(run, parts))
    finally:
        # A thread's number of threads is its own, but MKL's and that of threads to come are the process's.
        torch.set_num_threads(num_threads)
