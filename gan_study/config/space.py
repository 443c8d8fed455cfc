"""The ranges of a search space, as written in a study file."""

from typing import Annotated, Any, TypeVar

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from gan_study.config.base import Frozen, Scalar
from gan_study.config.groups import values_to_texts
from gan_study.config.hyperparameters import HyperparameterName
from gan_study.config.names import ConditionName

When = dict[ConditionName, Scalar | tuple[Scalar, ...]]


class _Range(Frozen):
    when: When = Field(default_factory=dict)
    """Conditions under which this range exists, such as {network.name: mlp}: each has the value, or one of the values.
    Default: wherever the hyperparameter has an effect."""


class UniformRange(_Range):
    """Floats drawn uniformly from [low, high]."""

    uniform: tuple[float, float]
    """[low, high], both included."""

    @field_validator("uniform")
    @classmethod
    def _ordered(cls, ends: tuple[float, float]) -> tuple[float, float]:
        return _ordered("uniform", ends)


class LogUniformRange(_Range):
    """Positive floats whose logarithm is drawn uniformly."""

    log_uniform: tuple[float, float]
    """[low, high], both included, both above 0."""

    @field_validator("log_uniform")
    @classmethod
    def _ordered(cls, ends: tuple[float, float]) -> tuple[float, float]:
        if ends[0] <= 0:
            raise ValueError(
                f"a log_uniform range must start above 0, but got low={ends[0]}; "
                "use uniform for a range that contains 0"
            )
        return _ordered("log_uniform", ends)


class IntegerRange(_Range):
    """Whole numbers drawn uniformly from low to high."""

    integer: tuple[int, int]
    """[low, high], both included."""

    @field_validator("integer")
    @classmethod
    def _ordered(cls, ends: tuple[int, int]) -> tuple[int, int]:
        return _ordered("integer", ends)


_OfSeveralParts = tuple[float, float] | tuple[str, ...] | dict[str, Any]
"""Values of several parts as a file gives them: betas, penalties, augmentations, a schedule."""


class Choice(_Range):
    """One of the values listed."""

    choice: Annotated[tuple[Scalar, ...], Field(min_length=1)]
    """The values, each named once. A value of betas is a pair, such as [0.5, 0.999]; one of a schedule may be a
    mapping, such as {cosine: 0.1}, and one of penalty or augment a list: [r1, r2]. Under a name of your own, each value
    sets several hyperparameters, such as {g_lr: 1e-4, d_lr: 4e-4}."""

    @field_validator(
        "choice",
        mode="before",
        json_schema_input_type=tuple[Scalar | tuple[float, float] | tuple[str, ...] | dict[str, Any], ...],
    )
    @classmethod
    def _texts(cls, values: Any, info: ValidationInfo) -> Any:
        """The values, those of several parts as their texts."""
        return values_to_texts(values, info) if isinstance(values, list | tuple) else values

    @field_validator("choice")
    @classmethod
    def _distinct(cls, values: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
        if len(set(values)) != len(values):
            raise ValueError(
                f"the values of a choice must differ, but got choice={list(values)}; remove the repeated ones"
            )
        return values


Ends = TypeVar("Ends", tuple[float, float], tuple[int, int])


def _ordered(kind: str, ends: Ends) -> Ends:
    low, high = ends
    if not low < high:
        raise ValueError(
            f"the lower end of a {kind} range must be below its upper end, but got "
            f"{kind}=[{low}, {high}]; swap them, or give the value itself if it is not searched"
        )
    return ends


RANGE_KINDS = ("uniform", "log_uniform", "integer", "choice")


def _range_kind(value: Any) -> str | None:
    keys = list(value) if isinstance(value, dict) else list(getattr(type(value), "model_fields", ()))
    kinds = [key for key in keys if key != "when"]
    return f"({kinds[0]})" if len(kinds) == 1 and kinds[0] in RANGE_KINDS else None


SearchRange = Annotated[
    Annotated[UniformRange, Tag("(uniform)")]
    | Annotated[LogUniformRange, Tag("(log_uniform)")]
    | Annotated[IntegerRange, Tag("(integer)")]
    | Annotated[Choice, Tag("(choice)")],
    Discriminator(
        _range_kind,
        custom_error_type="search_range",
        custom_error_message=(
            "a search range must have exactly one key out of uniform, log_uniform, integer, choice, "
            "such as {log_uniform: [1e-5, 1e-2]}"
        ),
    ),
]
"""A range over one hyperparameter; its key beside `when` is its kind."""


def _search_form(value: Any) -> str:
    return "(ranges)" if isinstance(value, tuple | list) else "(range)"


SearchRanges = Annotated[
    Annotated[SearchRange, Tag("(range)")]
    | Annotated[Annotated[tuple[SearchRange, ...], Field(min_length=1)], Tag("(ranges)")],
    Discriminator(_search_form),
]
"""One range, or several, each with its own `when`."""

SearchSpace = dict[HyperparameterName, SearchRanges]
"""Ranges by dotted name of the hyperparameter, or by a group's own name."""


def ranges_of(ranges: SearchRanges) -> tuple[SearchRange, ...]:
    """One or several ranges as a tuple."""
    return ranges if isinstance(ranges, tuple) else (ranges,)


def range_kind(search_range: SearchRange) -> str:
    """The key that names a range's kind: uniform, log_uniform, integer or choice."""
    return next(name for name in type(search_range).model_fields if name != "when")


def contains(search_range: SearchRange, value: Scalar) -> bool:
    """Return True if `value` lies in `search_range` (ends included)."""
    match search_range:
        case Choice(choice=values):
            return value in values
        case UniformRange(uniform=(low, high)) | LogUniformRange(log_uniform=(low, high)):
            return not isinstance(value, str | bool) and low <= value <= high
        case IntegerRange(integer=(first, last)):
            return isinstance(value, int) and not isinstance(value, bool) and first <= value <= last


def extremes(search_range: SearchRange) -> tuple[Scalar, ...]:
    """The two ends of a range, or every value of a choice."""
    match search_range:
        case Choice(choice=values):
            return values
        case UniformRange(uniform=ends) | LogUniformRange(log_uniform=ends):
            return ends
        case IntegerRange(integer=whole_ends):
            return whole_ends


def nearest_value(search_range: SearchRange, value: Scalar) -> Scalar:
    """The value of a range that is nearest to `value`; for a choice of other values than numbers, the first unless it
    has `value`."""
    if contains(search_range, value):
        return value
    candidates = extremes(search_range)
    numbers = [c for c in candidates if isinstance(c, int | float)]
    if isinstance(value, str) or len(numbers) < len(candidates):
        return candidates[0]
    return min(numbers, key=lambda candidate: abs(candidate - value))


def range_text(search_range: SearchRange) -> str:
    """One short text for a plan or a report, such as `log_uniform [1e-05, 0.01]`."""
    values = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in extremes(search_range))
    return f"{range_kind(search_range)} [{values}]{_describe_when(search_range.when)}"


def _describe_when(when: When) -> str:
    conditions = (
        f"{name} is {' or '.join(map(str, wanted)) if isinstance(wanted, tuple) else wanted}"
        for name, wanted in when.items()
    )
    return f" where {' and '.join(conditions)}" if when else ""
