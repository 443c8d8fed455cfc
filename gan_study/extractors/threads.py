"""A CPU's threads side by side, each with work of its own.

torch shares the work of one operation among its threads, which then wait for each other at every one. Where a network
has many short operations, parts of the batch in threads of their own are faster.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

_P = TypeVar("_P")
_R = TypeVar("_R")


def map_in_threads(function: Callable[[_P], _R], parts: Sequence[_P]) -> list[_R]:
    """`function` of each part, in order, on as many threads as torch has here; with one, in the caller's own.

    Whether gradients are kept and in which floats products are made holds within the threads as it does outside.
    Where there are two parts or more, each is computed by one thread, so the results do not depend on their number.
    """
    num_threads = torch.get_num_threads()
    if num_threads == 1 or len(parts) == 1:
        return [function(part) for part in parts]
    inference = torch.is_inference_mode_enabled()
    autocast, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def run(part: _P) -> _R:
        # torch keeps both for each thread, and a new one has its defaults.
        with torch.inference_mode(inference), torch.autocast("cpu", dtype, enabled=autocast):
            return function(part)

    with threads_of_one() as pool:
        return list(pool.map(run, parts))


@contextmanager
def threads_of_one() -> Iterator[ThreadPoolExecutor]:
    """As many threads as torch has here, in each of which, and in the caller's own, operations are not shared."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(num_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(num_threads)
