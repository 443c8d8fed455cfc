"""Values that are several names together, as one text, such as penalties that are added."""

from typing import Any


def names_to_text(value: Any) -> Any:
    """A list of names as one text, such as `r1+r2`, in alphabetical order; any other value as it is."""
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value):
        return "+".join(sorted(value))
    return value
