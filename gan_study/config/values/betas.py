"""Adam's two decay rates as one value, as papers give them: a pair such as [0, 0.9], stored as text."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_NUMBER = r"(\d*\.?\d+(?:[eE][-+]?\d+)?)"
_PAIR = re.compile(rf"\[{_NUMBER}, {_NUMBER}\]")


def betas_text(beta1: float, beta2: float) -> str:
    """The pair as text, such as `[0, 0.9]`."""
    return f"[{beta1:g}, {beta2:g}]"


def parse_betas(text: str) -> tuple[float, float]:
    """beta1 and beta2 of a pair's text. Raises ValueError if it is no pair, or a rate is not in [0, 1)."""
    found = _PAIR.fullmatch(text)
    rates = tuple(map(float, found.groups())) if found else ()
    if len(rates) != 2 or not all(rate < 1 for rate in rates):
        raise ValueError(
            f"betas are a pair [beta1, beta2] of numbers from 0 to below 1, but got betas={text}; write such as "
            "[0.5, 0.999]"
        )
    return rates[0], rates[1]


def pair_to_text(value: Any) -> Any:
    """A list of two numbers, or a mapping of beta1 and beta2, as its text; any other value as it is.

    Raises ValueError if a number is no decay rate.
    """
    if isinstance(value, dict) and value.keys() == {"beta1", "beta2"}:
        value = [value["beta1"], value["beta2"]]
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(type(v) in (int, float) for v in value):
        return value
    text = betas_text(*value)
    parse_betas(text)
    return text


def _validated(value: Any) -> Any:
    text = pair_to_text(value)
    parse_betas(text if isinstance(text, str) else str(value))
    return text


Betas = Annotated[str, BeforeValidator(_validated, json_schema_input_type=str | tuple[float, float] | dict[str, float])]
"""Adam's beta1 and beta2, such as [0.5, 0.999] or {beta1: 0.5, beta2: 0.999}."""
