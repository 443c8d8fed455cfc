"""Half-lives of averaged generators: one, or several as text, such as `10, 1, 100`, of which the first counts."""

from typing import Annotated, Any

from pydantic import NonNegativeFloat, PlainValidator


def half_lives(value: float | str) -> tuple[float, ...]:
    """All half-lives in thousands of images, the one that counts first."""
    return tuple(map(float, value.split(", "))) if isinstance(value, str) else (float(value),)


def _validated(value: Any) -> float | str:
    """One half-life as a number, and several as text. Raises ValueError if they are no different numbers from 0 on."""
    try:
        numbers = half_lives(value) if isinstance(value, str) else value if isinstance(value, list | tuple) else [value]
    except ValueError:
        numbers = []
    plain = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n < float("inf")]
    if not plain or len(plain) < len(numbers) or len(set(plain)) < len(plain):
        raise ValueError(
            "half-lives are different numbers of kimg from 0 on (0: no average), but got "
            f"ema_half_life_kimg={value}; write such as 10, or [10, 1, 100], of which the first counts"
        )
    return float(plain[0]) if len(plain) == 1 else ", ".join(f"{n:g}" for n in plain)


HalfLives = Annotated[
    float | str,
    PlainValidator(_validated, json_schema_input_type=NonNegativeFloat | tuple[NonNegativeFloat, ...] | str),
]
"""A half-life, or a list of several."""
