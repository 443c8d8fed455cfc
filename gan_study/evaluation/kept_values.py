"""Values of a study that a process loads or computes once for all its trials, one thread at a time."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_T = TypeVar("_T")
_kept: dict[str, tuple[Hashable, Any]] = {}
_lock = threading.RLock()


def kept_value(kind: str, key: Hashable, make: Callable[[], _T]) -> _T:
    """Return the value that this process has made before for this kind and key, or else `make()`.

    Only the last key of each kind is kept: a process seldom returns to an earlier study.
    """
    with _lock:
        known = _kept.get(kind)
        if known is None or known[0] != key:
            _kept.pop(kind, None)  # Free its memory before another value is made.
            known = _kept[kind] = key, make()
    value: _T = known[1]
    return value


def forget_values() -> None:
    """Forget every value, as if the process were new."""
    _kept.clear()
