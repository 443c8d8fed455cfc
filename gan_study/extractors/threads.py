"""Parallel work on a CPU's threads, each with its own part.

torch splits each operation among its threads, which then wait for each other every time. For a network of many short
operations it is faster to give each thread a part of the batch.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

_P = TypeVar("_P")
_R = TypeVar("_R")


def map_in_threads(function: Callable[[_P], _R], parts: Sequence[_P]) -> list[_R]:
    """Apply `function` to each part, in order, on as many threads as torch has here; with one, in the caller's thread.

    Inference mode and autocast hold within the threads as they do outside. Each of two or more parts is computed by one
    thread, so results do not depend on the number of threads.
    """
    num_threads = torch.get_num_threads()
    if num_threads == 1 or len(parts) == 1:
        return [function(part) for part in parts]
    inference = torch.is_inference_mode_enabled()
    autocast, dtype = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    def run(part: _P) -> _R:
        # torch keeps both per thread, and new threads have the defaults.
        with torch.inference_mode(inference), torch.autocast("cpu", dtype, enabled=autocast):
            return function(part)

    with threads_of_one() as pool:
        return list(pool.map(run, parts))


@contextmanager
def threads_of_one() -> Iterator[ThreadPoolExecutor]:
    """A pool with one thread for each of torch's; in each, and in the caller's, torch does not split operations."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(num_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(num_threads)
