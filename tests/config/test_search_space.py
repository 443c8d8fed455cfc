"""Ranges: their ends, what they hold, and what they say of themselves."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gan_study.config.space import SearchRange, contains, extremes, nearest_value, range_kind, range_text

READER: TypeAdapter[Any] = TypeAdapter(SearchRange)


@pytest.mark.parametrize(
    "values",
    [
        {"uniform": [2, 1]},
        {"uniform": [1, 1]},
        {"integer": [3, 2]},
        {"log_uniform": [0, 1]},
        {"log_uniform": [-1, 1]},
        {"choice": []},
        {"choice": [1, 1]},
        {"uniform": [0, 1], "choice": [1]},
        {"normal": [0, 1]},
        {},
        3,
    ],
)
def test_what_is_no_range_is_refused(values: Any) -> None:
    with pytest.raises(ValidationError):
        READER.validate_python(values)


@pytest.mark.parametrize(
    ("values", "inside", "outside"),
    [
        ({"uniform": [0, 0.9]}, [0, 0.0, 0.5, 0.9], [-0.1, 0.91, "0.5", True]),
        ({"log_uniform": [1e-4, 1e-2]}, [1e-4, 1e-3, 1e-2], [0, 9e-5, 0.011]),
        ({"integer": [1, 5]}, [1, 3, 5], [0, 6, 2.5, True]),
        ({"choice": ["batch", "none"]}, ["batch"], ["layer", 1]),
        ({"choice": [16, 32]}, [16, 32], [17]),
    ],
)
def test_contains(values: Any, inside: list[Any], outside: list[Any]) -> None:
    search_range = READER.validate_python(values)
    assert [value for value in inside if not contains(search_range, value)] == []
    assert [value for value in outside if contains(search_range, value)] == []


@pytest.mark.parametrize(
    ("values", "value", "expected"),
    [
        ({"uniform": [0, 0.9]}, 0.5, 0.5),
        ({"uniform": [0, 0.9]}, 2, 0.9),
        ({"log_uniform": [1e-4, 1e-2]}, 1e-5, 1e-4),
        ({"integer": [16, 32]}, 64, 32),
        ({"choice": [16, 24, 32]}, 64, 32),
        ({"choice": [16, 24, 32]}, 21, 24),
        ({"choice": ["none", "batch"]}, "batch", "batch"),
        ({"choice": ["none", "batch"]}, "layer", "none"),
    ],
)
def test_nearest(values: Any, value: Any, expected: Any) -> None:
    assert nearest_value(READER.validate_python(values), value) == expected


def test_ends_kind_and_description() -> None:
    search_range = READER.validate_python({"log_uniform": [1e-5, 0.01]})
    assert extremes(search_range) == (1e-5, 0.01)
    assert range_kind(search_range) == "log_uniform"
    assert range_text(search_range) == "log_uniform [1e-05, 0.01]"
    choice = READER.validate_python({"choice": [1, "a", 0.5]})
    assert extremes(choice) == (1, "a", 0.5)
    assert range_text(choice) == "choice [1, a, 0.5]"
