"""The state of an extractor's training, and its file while the training is unfinished."""

import io
import pickle
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from gan_study.errors import StorageError
from gan_study.runs.storage import Storage

_N = TypeVar("_N", bound=nn.Module)


@dataclass
class FittingState(Generic[_N]):
    """Everything on which the next steps depend, apart from the images and the seed."""

    network: _N
    average: _N
    """The running average of the network's weights."""
    optimizer: torch.optim.Optimizer
    step: int = 0
    errors: list[float] = field(default_factory=list)
    """Errors of the average, one for each check so far."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and numbers for `load`."""
        modules = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}
        return {**modules, "step": self.step, "errors": self.errors}

    def load(self, content: dict[str, Any]) -> None:
        """Continue from the result of `state_dict` for the same kind of network."""
        for name in ("network", "average", "optimizer"):
            getattr(self, name).load_state_dict(content[name])
        self.step, self.errors = int(content["step"]), list(content["errors"])


class StateFile:
    """A file of the cache that holds the state of an unfinished training."""

    def __init__(self, storage: Storage, name: str) -> None:
        self._storage, self._name = storage, name
        self._last = time.monotonic()

    def read(self) -> dict[str, Any] | None:
        """The argument for `FittingState.load`; None if the file is missing or cannot be read."""
        with suppress(FileNotFoundError, StorageError, RuntimeError, EOFError, pickle.UnpicklingError):
            content: dict[str, Any] = torch.load(io.BytesIO(self._storage.read_bytes(self._name)), weights_only=True)
            return content
        return None

    def write_now_and_then(self, state: FittingState[_N], seconds: float) -> None:
        """Write the state if the last time was at least `seconds` ago. A cache that cannot be written does no harm."""
        if time.monotonic() - self._last < seconds:
            return
        buffer = io.BytesIO()
        torch.save(state.state_dict(), buffer)
        with suppress(StorageError):
            self._storage.write_bytes(self._name, buffer.getvalue())
        self._last = time.monotonic()
