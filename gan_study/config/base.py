"""The base of every configuration model: frozen, strict about names, documented field by field."""

from pydantic import BaseModel, ConfigDict

Scalar = bool | int | float | str
"""A value that one hyperparameter can take."""


class Frozen(BaseModel):
    """A model that cannot be changed and refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
