"""Parts of a batch in their own threads: equal values under equal settings, and unchanged settings afterwards."""

import threading
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from gan_study.extractors.threads import map_in_threads


@pytest.fixture(params=[1, 3])
def num_threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_values_stand_in_order_and_each_thread_works_alone(num_threads: int) -> None:
    parts = torch.arange(12.0).split(2)
    seen: set[tuple[bool, int]] = set()

    def double(part: Tensor) -> Tensor:
        seen.add((threading.current_thread() is threading.main_thread(), torch.get_num_threads()))
        return part * 2

    assert torch.equal(torch.cat(map_in_threads(double, parts)), torch.arange(12.0) * 2)
    assert seen == ({(True, 1)} if num_threads == 1 else {(False, 1)})
    assert torch.get_num_threads() == num_threads


def test_settings_of_the_caller_hold_within_the_threads(num_threads: int) -> None:
    def product(part: Tensor) -> Tensor:
        return part @ part

    parts = torch.rand(2, 4, 4).unbind()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        products = map_in_threads(product, parts)
    assert all(one.is_inference() and one.dtype == torch.bfloat16 for one in products)
    products = map_in_threads(product, parts)
    assert not any(one.is_inference() or one.dtype == torch.bfloat16 for one in products)


def test_an_error_of_a_part_is_the_callers_and_the_threads_are_as_before(num_threads: int) -> None:
    def fail(part: Tensor) -> Tensor:
        raise ValueError(f"part {int(part)}")

    with pytest.raises(ValueError, match="part 0"):
        map_in_threads(fail, torch.arange(3).split(1))
    assert torch.get_num_threads() == num_threads
