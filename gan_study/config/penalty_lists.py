"""Penalties that are added together, as one name: [r1, r2] is r1+r2."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from gan_study.config.names import PenaltyName


def penalties_to_text(value: Any) -> Any:
    """A list of names as one name, such as `r1+r2`, in alphabetical order; any other value as it is."""
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value):
        return "+".join(sorted(value))
    return value


Penalty = Annotated[
    PenaltyName, BeforeValidator(penalties_to_text, json_schema_input_type=PenaltyName | tuple[PenaltyName, ...])
]
"""A penalty's name, or a list of those that are added."""
