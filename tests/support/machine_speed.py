"""The floating-point operations a second of a benchmark and of the machine's matrix product."""

import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

_SIZE = 2048


def matmul_rate(seconds: float = 2.0) -> float:
    """Operations a second of a product of two float32 matrices with the threads that torch has: hardly to be beaten."""
    a, b = torch.rand(_SIZE, _SIZE), torch.rand(_SIZE, _SIZE)
    a @ b
    num, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        a @ b
        num += 1
    return num * 2 * _SIZE**3 / (time.perf_counter() - start)


def count_operations(work: Callable[[], object]) -> int:
    """Operations of the matrix products and convolutions in `work`, forwards and backwards; a fused one is not seen."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
