"""The optimizers of both players."""

import inspect
from collections.abc import Iterable
from typing import TypeVar

import torch
from torch import nn

from gan_study.config.training import TrainingConfig

_Kind = TypeVar("_Kind", bound=type[torch.optim.Optimizer])


def make_optimizer(config: TrainingConfig, lr: float, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The configuration's optimizer of one player's parameters, with this learning rate."""
    if config.optimizer == "rmsprop":
        return _RMSprop(parameters, lr=lr, alpha=config.beta2, foreach=True)
    return _Adam(parameters, lr=lr, betas=(config.beta1, config.beta2), fused=True)


def _uncompiled(kind: _Kind) -> _Kind:
    """Return the optimizer without its guards against torch's compiler, whose import takes 2 s in every process.

    torch wraps these methods to keep them out of compiled code, and imports the compiler for that at their first call.
    """
    guarded = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
    bare = {name: inspect.unwrap(getattr(kind, name)) for name in guarded}
    return type(kind.__name__, (kind,), {**bare, "step": torch.no_grad()(inspect.unwrap(kind.step))})  # type: ignore


_Adam = _uncompiled(torch.optim.Adam)
_RMSprop = _uncompiled(torch.optim.RMSprop)
