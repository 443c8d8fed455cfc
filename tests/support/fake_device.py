"""A device named "gpu" that computes nothing, but behaves towards the host as a GPU does.

Its tensors do not mix with the CPU's, and they have shapes and types without numbers. Numbers that the host reads are
stand-ins: ones for plain Python numbers, zeros for arrays. On a GPU the host would wait for each of these reads;
`HostWaits` records them.
"""

import gc
import io
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as save_tensors
from torch import Tensor, nn, save
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

NAME = "gpu"


class _Backend(_DummyBackendModule):  # type: ignore[misc, no-any-unimported, unused-ignore]
    """The answers that `torch.autocast("gpu", enabled=False)` asks of a device."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]

    def is_autocast_enabled(self) -> bool:
        return False

    def set_autocast_enabled(self, enabled: bool) -> None:
        pass

    def get_autocast_dtype(self) -> torch.dtype:
        return torch.bfloat16

    def set_autocast_dtype(self, dtype: torch.dtype) -> None:
        pass


def install_fake_device() -> None:
    """Add the device to torch, for good.

    It needs a process of its own, which must end by `os._exit`: torch 2.14 aborts where some fake tensors are freed, so
    from now on none is.
    """
    _setup_privateuseone_for_python_backend(NAME, backend_module=_Backend())
    gc.disable()
    kept: list[FakeTensor] = []
    new = FakeTensor.__new__

    def new_and_kept(cls: type[FakeTensor], *arguments: Any, **options: Any) -> FakeTensor:
        kept.append(new(cls, *arguments, **options))
        return kept[-1]

    for place, name, value in (
        (nn.Module, "_apply", _apply),
        (FakeTensorMode, "avoid_device_init", property(lambda self: True)),
        (FakeTensor, "tolist", Tensor.tolist),
        (FakeTensor, "__new__", staticmethod(new_and_kept)),
    ):
        setattr(place, name, value)


def _apply(self: nn.Module, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
    """Like torch's own, with new parameters, because the data of fake ones cannot be exchanged."""
    for child in self.children():
        _apply(child, fn)
    for name, parameter in self._parameters.items():
        if parameter is not None:
            self._parameters[name] = nn.Parameter(fn(parameter.detach()), parameter.requires_grad)
    for name, buffer in self._buffers.items():
        if buffer is not None:
            self._buffers[name] = fn(buffer)
    return self


@contextmanager
def fake_tensors() -> Iterator["HostWaits"]:
    """Make every new tensor a fake one, and record the host's waits. Needs `install_fake_device`."""
    with FakeTensorMode(allow_non_fake_inputs=True), HostWaits() as waits:
        yield waits


def _zeros(tensor: Tensor, *arguments: Any) -> Any:
    if tensor.device.type != "cpu":
        raise TypeError(f"can't convert a tensor on {tensor.device} to numpy")
    if tensor.requires_grad:
        raise RuntimeError("can't call numpy() on a tensor that requires grad")
    return np.zeros(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


_READS: dict[Callable[..., Any], Callable[..., Any]] = {
    Tensor.item: lambda tensor: 1.0,
    Tensor.tolist: lambda tensor: np.ones(tuple(tensor.shape)).tolist(),
    Tensor.__bool__: lambda tensor: True,
    Tensor.__float__: lambda tensor: 1.0,
    Tensor.__int__: lambda tensor: 1,
    Tensor.__index__: lambda tensor: 1,
    Tensor.numpy: _zeros,
    Tensor.__array__: _zeros,
}
"""Ways in which the host reads a tensor's numbers, and the stand-ins that it receives from a fake one."""
_COPIES = (Tensor.cpu, Tensor.to)


class HostWaits(TorchFunctionMode):
    """Records each call by which the host waits for the device, with its line in gan_study."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_recording = True

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Record nothing in this context."""
        before, self._is_recording = self._is_recording, False
        try:
            yield
        finally:
            self._is_recording = before

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        tensor = args[0] if args and isinstance(args[0], FakeTensor) else None
        if tensor is not None and func in _READS:
            self._record(func, tensor.device.type == NAME)
            return _READS[func](tensor)
        result = func(*args, **(kwargs or {}))
        if func in _COPIES:
            start, end = args[0].device.type, result.device.type
            # The host waits for a copy, and so for all work before it, unless it is to the device and says not to wait.
            self._record(func, start != end and (end == "cpu" or not (kwargs or {}).get("non_blocking")))
        return result

    def _record(self, func: Any, is_wait: bool) -> None:
        if is_wait and self._is_recording:
            calls = [call for call in traceback.extract_stack() if "/gan_study/" in call.filename]
            place = f"{calls[-1].filename.rpartition('/gan_study/')[2]}: {calls[-1].line}" if calls else "a test"
            self.found.append(f"{func.__name__} at {place}")


def save_zeros(content: Any, buffer: io.BytesIO) -> None:
    """In place of torch.save: write zeros for the numbers of each fake tensor, wherever it is."""
    with _disable_current_modes():
        save(_with_zeros(content), buffer)


def weights_of_zeros(tensors: dict[str, Tensor]) -> bytes:
    """In place of safetensors' save: the same for tensors on the CPU; it takes no others."""
    assert all(tensor.device.type == "cpu" for tensor in tensors.values()), "safetensors takes tensors on the CPU"
    with _disable_current_modes():
        return save_tensors(_with_zeros(tensors))


def _with_zeros(content: Any) -> Any:
    if isinstance(content, FakeTensor):
        return torch.zeros(tuple(content.shape), dtype=content.dtype)
    if isinstance(content, dict):
        return {name: _with_zeros(part) for name, part in content.items()}
    return [_with_zeros(part) for part in content] if isinstance(content, list) else content
