"""The floating-point operations a second of a benchmark and of the machine's matrix product."""

import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

_SIZE = 2048


def matmul_rate(seconds: float = 2.0, device: str = "cpu", dtype: torch.dtype = torch.float32) -> float:
    """Operations a second of a product of two matrices with the threads that torch has: hardly to be beaten.

    On a GPU the matrices are four times as wide, and float32 is computed as torch's settings say.
    """
    size = _SIZE if device == "cpu" else 4 * _SIZE
    a, b = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
    a @ b
    wait_for(device)
    num, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ b
        num += 1
        if num % 8 == 0:
            wait_for(device)
    wait_for(device)
    return num * 2 * size**3 / (time.perf_counter() - start)


def wait_for(device: str) -> None:
    """Wait until the device has done all that it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def count_operations(work: Callable[[], object]) -> int:
    """Operations of the matrix products and convolutions in `work`, forwards and backwards; a fused one is not seen."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
