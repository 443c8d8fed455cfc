"""The base of all configuration models, and the types of a value and of a place in a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

Scalar = bool | int | float | str
"""A value that one hyperparameter can take."""
KeyPath = tuple[str | int, ...]
"""Keys and list indices that lead from the top of a study file to one of its items."""


class Frozen(BaseModel):
    """A model that cannot be changed, refuses unknown names and documents its fields by docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested values by dotted name, such as `network.width`."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
