"""The order of the images: each epoch has every image once, and any batch can be computed at any time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gan_study.data.sampler import batch_positions

NUM_IMAGES = 101


def sequence(seed: int, num: int, start: int = 0) -> list[int]:
    return [int(position) for position in batch_positions(seed, start, num, NUM_IMAGES)]


def test_every_epoch_has_every_image_once() -> None:
    positions = sequence(seed=0, num=10 * NUM_IMAGES)
    epochs = [positions[start : start + NUM_IMAGES] for start in range(0, len(positions), NUM_IMAGES)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(NUM_IMAGES))
    assert len({tuple(epoch) for epoch in epochs}) == 10


def test_an_epoch_is_shuffled() -> None:
    # Of a random order, about one image lies where it was; the distance from there is about a third of the number.
    order = np.array(sequence(seed=0, num=NUM_IMAGES))
    assert (order == np.arange(NUM_IMAGES)).sum() < 8
    assert np.abs(order - np.arange(NUM_IMAGES)).mean() == pytest.approx(NUM_IMAGES / 3, rel=0.25)


@pytest.mark.parametrize("batch_size", [1, 7, 64, NUM_IMAGES, 250])
@pytest.mark.parametrize("start", [0, 1, 95, NUM_IMAGES, 1000])
def test_batches_from_any_start_continue_one_sequence(batch_size: int, start: int) -> None:
    long = sequence(seed=3, num=2000)
    for first in range(start, start + 3 * batch_size, batch_size):
        batch = batch_positions(3, first, batch_size, NUM_IMAGES)
        assert batch.dtype == np.int64
        assert batch.tolist() == long[first : first + batch_size]


def test_a_batch_larger_than_the_data_set_spans_epochs() -> None:
    counts = np.bincount(sequence(seed=0, num=3 * NUM_IMAGES, start=0))
    assert counts.tolist() == [3] * NUM_IMAGES
    counts = np.bincount(sequence(seed=0, num=3 * NUM_IMAGES, start=50), minlength=NUM_IMAGES)
    assert counts.sum() == 3 * NUM_IMAGES
    assert set(counts.tolist()) <= {2, 3, 4}


def test_seeds_differ_and_repeat() -> None:
    orders = [sequence(seed, NUM_IMAGES) for seed in (0, 1, 2, 100_000)]
    assert len({tuple(order) for order in orders}) == 4
    assert sequence(1, NUM_IMAGES) == orders[1]


def test_the_order_stays_what_it_was() -> None:
    # A changed order would make a resumed run differ from the one it resumes: these numbers must not change.
    assert batch_positions(0, 0, 8, 10).tolist() == [7, 1, 9, 6, 8, 4, 3, 5]
    assert batch_positions(7, 16, 8, 10).tolist() == [3, 6, 8, 9, 3, 9, 2, 4]


def test_trials_in_threads_do_not_make_each_other_draw_an_epoch_again(monkeypatch: pytest.MonkeyPatch) -> None:
    num_trials, drawn = 8, []
    make = np.random.default_rng

    def noted(seed: list[int]) -> np.random.Generator:
        drawn.append(seed)
        return make(seed)

    monkeypatch.setattr(np.random, "default_rng", noted)
    step = threading.Barrier(num_trials)

    def train(seed: int) -> None:
        for start in range(0, 30, 10):
            step.wait(10)
            sequence(seed, 10, start)

    with ThreadPoolExecutor(num_trials) as pool:
        list(pool.map(train, range(num_trials)))
    assert len(drawn) == num_trials
