"""Random numbers from a generator of one's own, where torch's functions draw from one that all threads share."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class OwnRandomness(TorchDispatchMode):
    """A context in which this thread's random numbers on the CPU come from a generator with this seed.

    They are the numbers that `torch.manual_seed(seed)` would give. Networks that are built inside have weights that do
    not depend on what other threads draw, and torch's global random state is neither read nor changed.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._generator = torch.Generator().manual_seed(seed)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep torch from importing its compiler, which takes 2 s, at the first operation in this context."""
        return False

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call the operation, with this context's generator if it takes one."""
        given = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded in func.tags:  # type: ignore[attr-defined]
            names = [argument.name for argument in func._schema.arguments]  # type: ignore[attr-defined]
            if "generator" not in names:  # as in torch.randn, which has a second form that takes one
                overload = func._overloadname.removesuffix("default")  # type: ignore[attr-defined]
                form = f"{overload}_generator".removeprefix("_")
                packet = func.overloadpacket  # type: ignore[attr-defined]
                assert form in packet.overloads(), f"{func} draws random numbers from torch's global state alone"
                func = getattr(packet, form)
            given.setdefault("generator", self._generator)
        return func(*args, **given)
