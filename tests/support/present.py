"""A value that must be there, for the type checker and for the reader of a failed test."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return `value`, which is not None in a correct program; the test fails here if it is."""
    assert value is not None
    return value
