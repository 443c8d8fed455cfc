"""A value from a study's real images is computed once by a process."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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


def test_threads_that_need_a_value_at_once_make_it_once() -> None:
    num_threads, made = 4, []
    together = threading.Barrier(num_threads)

    def make() -> int:
        time.sleep(0.05)  # long enough for the other threads to come
        made.append(1)
        return len(made)

    def use(_: int) -> int:
        together.wait(10)
        return kept_value("a", "1", make)

    with ThreadPoolExecutor(num_threads) as pool:
        assert list(pool.map(use, range(num_threads))) == [1] * num_threads


def test_a_key_whose_value_cannot_be_made_is_tried_again() -> None:
    def fail() -> int:
        raise MemoryError

    with pytest.raises(MemoryError):
        kept_value("a", 1, fail)
    assert kept_value("a", 1, lambda: 2) == 2
