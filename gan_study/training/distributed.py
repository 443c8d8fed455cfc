"""The only place that knows torch.distributed: for one process every call here does nothing.

The process group is made by Ray Train or by torchrun; `join_process_group` covers the latter.
Collective calls must be made by all ranks in the same order.
"""

import gc
import inspect
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from gan_study.errors import InputError, MissingGpuError

_T = TypeVar("_T")

# torch 2.15 renamed the option; the old name still works there, with a warning.
_BUFFER_SYNC = (
    "forward_sync_buffers"
    if "forward_sync_buffers" in inspect.signature(DistributedDataParallel).parameters
    else "broadcast_buffers"
)


@dataclass(frozen=True)
class Workers:
    """This process among those that share a trial."""

    rank: int = 0
    world_size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def wrap(self, network: nn.Module, batch_statistics: str) -> nn.Module:
        """The network whose backward pass averages gradients over the ranks.

        Buffers are not broadcast at each forward pass: batch norm's running statistics would change between
        the real and the fake pass and their backward (an in-place error since torch 2.6), and they do not
        enter training; `average_buffers_` brings them together when they are used.
        """
        if self.world_size == 1:
            return network
        if batch_statistics == "synchronised":
            if self.device.type != "cuda":
                raise InputError(
                    "resources.batch_statistics: synchronised batch norm needs GPUs, but got device=cpu; "
                    "use per_rank, or networks without batch norm"
                )
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        options: dict[str, Any] = {_BUFFER_SYNC: False}
        return DistributedDataParallel(network, **options)

    def own_rows(self, rows: Tensor) -> Tensor:
        """This rank's part of numbers that were drawn for the global batch."""
        return rows.tensor_split(self.world_size)[self.rank]

    def all_true(self, value: bool) -> bool:
        """Whether `value` is true on every rank; the same answer everywhere."""
        if self.world_size == 1:
            return value
        flag = torch.tensor(float(value), device=self.device)
        dist.all_reduce(flag, dist.ReduceOp.MIN)
        return bool(flag.item())

    def first_says(self, value: bool) -> bool:
        """What rank 0 has as `value`; the same answer everywhere."""
        if self.world_size == 1:
            return value
        flag = torch.tensor(float(value), device=self.device)
        dist.broadcast(flag, src=0)
        return bool(flag.item())

    def gather(self, value: _T) -> list[_T]:
        """The picklable `value` of every rank, in rank order, on every rank."""
        if self.world_size == 1:
            return [value]
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values

    def from_first_rank(self, make: Callable[[], _T]) -> _T:
        """What rank 0 makes (picklable), on every rank; the others do not call `make`."""
        if self.world_size == 1:
            return make()
        values: list[Any] = [make() if self.is_first else None]
        dist.broadcast_object_list(values, src=0)
        made: _T = values[0]
        return made

    def average_buffers_(self, network: nn.Module) -> None:
        """Set every floating-point buffer to its mean over the ranks."""
        if self.world_size == 1:
            return
        for buffer in network.buffers():
            if buffer.is_floating_point():
                dist.all_reduce(buffer)
                buffer.div_(self.world_size)


def unwrap(network: nn.Module) -> nn.Module:
    """The network itself, without the wrapper that averages gradients."""
    return network.module if isinstance(network, DistributedDataParallel) else network


def choose_device(use_gpu: bool) -> torch.device:
    """The GPU of this process, or the CPU."""
    if not (use_gpu and torch.cuda.is_available()):
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


def lent_device(gpus: float) -> torch.device:
    """The device of a process to which Ray has lent so many GPUs (or a share of one), 0 for the CPU.

    Raises MissingGpuError if torch cannot use the GPU.
    """
    device = choose_device(gpus > 0)
    if gpus > 0 and device.type != "cuda":
        raise MissingGpuError(
            f"resources.gpus_per_worker: torch must be able to use the GPU that Ray has lent, but got none on "
            f"{socket.gethostname()} (torch {torch.__version__}, CUDA {torch.version.cuda or 'not built in'}); install "
            "a build of torch that fits the driver, or train on CPUs with resources.gpus_per_worker=0"
        )
    return device


def free_device_memory() -> None:
    """Give back what torch keeps of a GPU's memory for later, to the processes that share the GPU. Nothing on a CPU."""
    if torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


@contextmanager
def join_process_group(use_gpu: bool) -> Iterator[Workers]:
    """The workers that torchrun started, or the one process that there is."""
    device = choose_device(use_gpu)
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Workers(device=device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield current_workers(device)
    finally:
        dist.destroy_process_group()


def current_workers(device: torch.device) -> Workers:
    """The workers of the process group that is already there."""
    return Workers(dist.get_rank(), dist.get_world_size(), device)
