"""A value from a study's real images is computed once by a process."""

from collections.abc import Iterator

import pytest

from gan_study.evaluation.kept_values import forget_values, kept_value


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    forget_values()
    yield
    forget_values()


def test_a_value_is_made_once_for_its_key_and_the_last_key_of_each_kind_is_kept() -> None:
    made: list[str] = []

    def value(kind: str, key: str) -> str:
        def make() -> str:
            made.append(f"{kind} {key}")
            return made[-1]

        return kept_value(kind, key, make)

    assert value("a", "1") == "a 1"
    assert value("b", "1") == "b 1"
    assert value("a", "1") == "a 1"
    assert made == ["a 1", "b 1"]
    assert value("a", "2") == "a 2"
    assert value("b", "1") == "b 1"
    assert value("a", "1") == "a 1"
    assert made == ["a 1", "b 1", "a 2", "a 1"]


def test_a_key_whose_value_cannot_be_made_is_tried_again() -> None:
    def fail() -> int:
        raise MemoryError

    with pytest.raises(MemoryError):
        kept_value("a", 1, fail)
    assert kept_value("a", 1, lambda: 2) == 2
