"""What a process keeps of a study's real images, so that each of its trials need not make it anew."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_T = TypeVar("_T")
_kept: dict[str, tuple[Hashable, Any]] = {}


def kept_value(kind: str, key: Hashable, make: Callable[[], _T]) -> _T:
    """Return the value that this process has made before for this kind and key, or else `make()`.

    Of each kind only the value of the last key is kept: a process seldom goes from one study to another and back.
    """
    known = _kept.get(kind)
    if known is None or known[0] != key:
        _kept.pop(kind, None)  # Free its memory before another value is made.
        known = _kept[kind] = key, make()
    value: _T = known[1]
    return value


def forget_values() -> None:
    """Forget every value, as a new process would not know them."""
    _kept.clear()
