"""The only file that uses torch.distributed. With one process, every call here does nothing.

Ray Train or torchrun starts the processes; `join_process_group` serves torchrun. All ranks must make collective calls
in the same order.
"""

import gc
import inspect
import os
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

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
    """This process and its place among those that share a trial."""

    rank: int = 0
    world_size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """True for the process that writes the files."""
        return self.rank == 0

    def wrap(self, network: nn.Module, batch_statistics: str) -> nn.Module:
        """Return the network with a backward pass that averages gradients over the ranks.

        Buffers are not broadcast at each forward pass: batch norm's running statistics would change between the real
        and the fake pass and their backward pass (an in-place error since torch 2.6). Training does not use them;
        `average_buffers_` averages them before they are used.
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

    def own_rows(self, rows: Tensor, num_stacks: int) -> Tensor:
        """Return this rank's part of the rows of the global batch, which has `num_stacks` stacks of `pac` images."""
        own: Tensor = rows.unflatten(0, (num_stacks, -1)).tensor_split(self.world_size)[self.rank]
        return own.flatten(0, 1)

    def own_weight(self, num_stacks: int) -> float:
        """Return this rank's share of the stacks, times the number of ranks: 1.0 if all ranks have equally many.

        The mean over the ranks of their own means, each times its weight, is the mean over the global batch.
        """
        num_own = num_stacks // self.world_size + (self.rank < num_stacks % self.world_size)
        return num_own * self.world_size / num_stacks

    def own_parts(self, parts: Sequence[_T], least_first: int = 0) -> Sequence[_T]:
        """Return this rank's run of the parts: equally many for all, but at least `least_first` of them for rank 0."""
        num_first = max(-(-len(parts) // self.world_size), least_first)
        if self.is_first:
            return parts[:num_first]
        others, num_others = parts[num_first:], self.world_size - 1
        return others[len(others) * (self.rank - 1) // num_others : len(others) * self.rank // num_others]

    def minimum(self, value: int) -> int:
        """Return the smallest `value` of all ranks. Collective."""
        if self.world_size == 1:
            return value
        least = torch.tensor(value, device=self.device)
        dist.all_reduce(least, dist.ReduceOp.MIN)
        return int(least.item())

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of the ranks' scalars on every rank; a GPU's host does not wait for it. Collective."""
        if self.world_size == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.world_size

    def flag_of_first_rank(self, value: bool) -> bool:
        """Return rank 0's `value` on every rank. Collective."""
        if self.world_size == 1:
            return value
        flag = torch.tensor(float(value), device=self.device)
        dist.broadcast(flag, src=0)
        return bool(flag.item())

    def gather(self, value: _T) -> list[_T]:
        """Return the picklable `value` of every rank, in rank order, on every rank. Collective."""
        if self.world_size == 1:
            return [value]
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values

    def on_every_rank(self, make: Callable[[], _T]) -> _T:
        """Return this rank's result of `make`. An error on one rank is raised on all. Collective."""
        if self.world_size == 1:
            return make()
        made, error = _attempt(make)
        errors = self.gather(error)
        errors[self.rank] = error  # with its traceback, which a copy does not have
        if (first := next((error for error in errors if error is not None), None)) is not None:
            raise first
        return cast(_T, made)

    def on_first_rank(self, make: Callable[[], _T]) -> _T | None:
        """Return the result of `make` on rank 0, and None on the others. Its error is raised on all. Collective."""
        return self.on_every_rank(lambda: make() if self.is_first else None)

    def from_first_rank(self, make: Callable[[], _T]) -> _T:
        """Return rank 0's picklable result of `make` on every rank; the others do not call it.

        Its error is raised on all. Collective.
        """
        if self.world_size == 1:
            return make()
        attempt: list[Any] = [_attempt(make) if self.is_first else None]
        dist.broadcast_object_list(attempt, src=0)
        made, error = attempt[0]
        if error is not None:
            raise error
        return cast(_T, made)

    def gather_rows(self, make: Callable[[], list[Tensor] | None]) -> list[Tensor] | None:
        """Return the tensors of all ranks' `make` on rank 0, joined along their first axis in rank order. Collective.

        make: tensors whose other axes and types are the same on every rank; an empty list from a rank without rows,
        which rank 0 must not be; None if nothing is to be gathered. An error on one rank is raised on all.

        Returns an empty list on the other ranks, and None on every rank if `make` returned None on one.
        """
        if self.world_size == 1:
            return make()
        own = self.on_every_rank(make)
        given = self.gather(None if own is None else [(len(t), t.shape[1:], t.dtype) for t in own])
        layouts = [layout for layout in given if layout is not None]
        if own is None or len(layouts) < len(given):
            return None
        joined = []
        for index, (_, shape, dtype) in enumerate(layouts[0]):
            nums = [layout[index][0] if layout else 0 for layout in layouts]
            rows = torch.zeros(max(nums), *shape, dtype=dtype, device=self.device)  # of one shape on all ranks
            if own:
                rows[: len(own[index])] = own[index]
            parts = [torch.empty_like(rows) for _ in nums] if self.is_first else []
            dist.gather(rows, parts or None)
            joined.append([part[:num] for part, num in zip(parts, nums, strict=False)])
        return [torch.cat(parts) for parts in joined if parts]

    def average_buffers_(self, network: nn.Module) -> None:
        """Set every floating-point buffer to its mean over the ranks. Collective.

        The mean is computed in float64, so that buffers which are equal on all ranks keep their value.
        """
        buffers = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
        if self.world_size == 1 or not buffers:
            return
        values = torch.cat([buffer.double().flatten() for buffer in buffers])
        dist.all_reduce(values)
        values /= self.world_size
        for buffer, mean in zip(buffers, values.split([buffer.numel() for buffer in buffers]), strict=True):
            buffer.copy_(mean.view_as(buffer))


def _attempt(make: Callable[[], _T]) -> tuple[_T | None, Exception | None]:
    """Return the result of `make`, or its error in a form that can be sent to other processes."""
    try:
        return make(), None
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return None, RuntimeError(f"{type(error).__name__}: {error}")
        return None, error


def unwrap(network: nn.Module) -> nn.Module:
    """Return the network without the wrapper that averages gradients."""
    return network.module if isinstance(network, DistributedDataParallel) else network


def choose_device(use_gpu: bool) -> torch.device:
    """Return this process's GPU, or the CPU if there is none or `use_gpu` is False."""
    if not (use_gpu and torch.cuda.is_available()):
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


def lent_device(gpus: float) -> torch.device:
    """Return the device of a process to which Ray has lent `gpus` GPUs (or a share of one); 0 means the CPU.

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


def free_memory(device: torch.device) -> int:
    """Return the bytes of a GPU that no process uses."""
    return torch.cuda.mem_get_info(device)[0]


def free_device_memory() -> None:
    """Free the GPU memory that torch has cached, for other processes that share the GPU. Without a GPU, do nothing."""
    if torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


@contextmanager
def join_process_group(use_gpu: bool) -> Iterator[Workers]:
    """Yield this process among the workers that torchrun has started, or as the only one."""
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
    """Return this process among the workers of the existing process group."""
    return Workers(dist.get_rank(), dist.get_world_size(), device)
