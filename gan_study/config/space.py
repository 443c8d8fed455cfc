"""Search ranges: what may be searched over one hyperparameter, as written in a study file."""

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from gan_study.config.base import Frozen, Scalar
from gan_study.config.names import HyperparameterName


class UniformRange(Frozen):
    """Floats drawn uniformly from [low, high]."""

    uniform: tuple[float, float]
    """[low, high], both included."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ordered("uniform", self.uniform)
        return self


class LogUniformRange(Frozen):
    """Positive floats whose logarithm is drawn uniformly."""

    log_uniform: tuple[float, float]
    """[low, high], both included, both above 0."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ordered("log_uniform", self.log_uniform)
        if self.log_uniform[0] <= 0:
            raise ValueError(
                f"a log_uniform range must start above 0, but got low={self.log_uniform[0]}; "
                "use uniform for a range that contains 0"
            )
        return self


class IntegerRange(Frozen):
    """Whole numbers drawn uniformly from low to high."""

    integer: tuple[int, int]
    """[low, high], both included."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ordered("integer", self.integer)
        return self


class Choice(Frozen):
    """One of the values listed."""

    choice: Annotated[tuple[Scalar, ...], Field(min_length=1)]
    """The values, each named once."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.choice)) != len(self.choice):
            raise ValueError(
                f"the values of a choice must differ, but got choice={list(self.choice)}; remove the repeated ones"
            )
        return self


def _check_ordered(kind: str, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low < high:
        raise ValueError(
            f"the lower end of a {kind} range must be below its upper end, but got "
            f"{kind}=[{low}, {high}]; swap them, or give the value itself if it is not searched"
        )


RANGE_KINDS = ("uniform", "log_uniform", "integer", "choice")


def _range_kind(value: Any) -> str | None:
    keys = list(value) if isinstance(value, dict) else list(getattr(type(value), "model_fields", ()))
    return keys[0] if len(keys) == 1 and keys[0] in RANGE_KINDS else None


SearchRange = Annotated[
    Annotated[UniformRange, Tag("uniform")]
    | Annotated[LogUniformRange, Tag("log_uniform")]
    | Annotated[IntegerRange, Tag("integer")]
    | Annotated[Choice, Tag("choice")],
    Discriminator(
        _range_kind,
        custom_error_type="search_range",
        custom_error_message=(
            "a search range must have exactly one key out of uniform, log_uniform, integer, choice, "
            "such as {log_uniform: [1e-5, 1e-2]}"
        ),
    ),
]
"""A range over one hyperparameter, told apart by its single key."""

SearchSpace = dict[HyperparameterName, SearchRange]
"""Ranges by dotted name of the hyperparameter."""


def range_kind(search_range: SearchRange) -> str:
    """The key that tells a range's kind: uniform, log_uniform, integer or choice."""
    return next(iter(type(search_range).model_fields))


def contains(search_range: SearchRange, value: Scalar) -> bool:
    """Whether `value` lies in `search_range` (ends included)."""
    match search_range:
        case Choice(choice=values):
            return value in values
        case UniformRange(uniform=(low, high)) | LogUniformRange(log_uniform=(low, high)):
            return not isinstance(value, str | bool) and low <= value <= high
        case IntegerRange(integer=(first, last)):
            return isinstance(value, int) and not isinstance(value, bool) and first <= value <= last


def extremes(search_range: SearchRange) -> tuple[Scalar, ...]:
    """The values that bound a range: its two ends, or every value of a choice."""
    match search_range:
        case Choice(choice=values):
            return values
        case UniformRange(uniform=ends) | LogUniformRange(log_uniform=ends):
            return ends
        case IntegerRange(integer=whole_ends):
            return whole_ends


def nearest(search_range: SearchRange, value: Scalar) -> Scalar:
    """The value of a range that is nearest to `value`; a choice without it and without numbers gives its first."""
    if contains(search_range, value):
        return value
    candidates = extremes(search_range)
    numbers = [c for c in candidates if isinstance(c, int | float)]
    if isinstance(value, str) or len(numbers) < len(candidates):
        return candidates[0]
    return min(numbers, key=lambda candidate: abs(candidate - value))


def describe(search_range: SearchRange) -> str:
    """One short text for a plan or a report, such as `log_uniform [1e-05, 0.01]`."""
    values = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in extremes(search_range))
    return f"{range_kind(search_range)} [{values}]"
