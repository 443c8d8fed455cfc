"""Batches that are prepared ahead are those that are drawn when they are asked for."""

from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import tiny_trial

from gan_study.training import batch_source
from gan_study.training.batch_source import Batch, BatchSource
from gan_study.training.distributed import Workers


def assert_equal(found: Batch, expected: Batch) -> None:
    assert (found.noise is None) == (expected.noise is None)
    for one, other in zip(found, expected, strict=True):
        if one is not None and other is not None:
            assert torch.equal(one, other)
            assert (one.dtype, one.stride()) == (other.dtype, other.stride())


@pytest.mark.parametrize(("rank", "world_size"), [(0, 1), (1, 2)])
@pytest.mark.parametrize(
    "values",
    [
        {"batch_size": 700},  # more than two batches in an epoch of the 1,437 images, and one across its end
        {"penalty": "dragan", "precision": "float64"},
        {"penalty": "r1", "penalty_every": 3},
        {"penalty": "wgan_gp", "pac": 2, "z_distribution": "uniform", "augment": "cutout"},
        {"penalty": "dragan", "dataset": {"name": "digits", "image_size": 16, "flip": True}},
    ],
)
@pytest.mark.parametrize("most_memory", [0.0, 1.0])
@pytest.mark.parametrize("most_bytes", [0, 2**26])
def test_batches_prepared_ahead_are_the_same(
    rank: int,
    world_size: int,
    values: dict[str, Any],
    most_memory: float,
    most_bytes: int,
    prepared: Prepared,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The CPU stands in for a GPU with enough memory for the images.
    monkeypatch.setattr(batch_source, "free_memory", lambda device: prepared.dataset.images.nbytes)
    monkeypatch.setattr(batch_source, "MOST_BYTES", most_bytes)
    training, workers = tiny_trial(**values).training, Workers(rank, world_size)
    plain, ahead = (BatchSource(training, prepared.dataset, workers, memory) for memory in (None, most_memory))
    # In order for more than a block; then on after a leap, as a rollback makes it, and again from an earlier step.
    steps = [*range(18), *range(30, 33), 3, 2]
    for step in steps:
        cur_nimg = step * training.batch_size
        assert_equal(ahead.draw(cur_nimg), plain.draw(cur_nimg))
