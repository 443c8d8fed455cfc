"""Batches that are prepared ahead are those that are drawn when they are asked for."""

from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import tiny_trial

from gan_study.gan.conversion import to_uint8
from gan_study.gan.networks.conditional import asked_classes
from gan_study.training import batch_source
from gan_study.training.batch_source import Batch, BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.state import build_state


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
        {"penalty": "r1", "penalty_every": 3, "conditional": "concat"},
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


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_real_and_generated_images_have_the_same_classes(distribution: str, prepared: Prepared) -> None:
    dataset = prepared.dataset
    assert dataset.labels is not None
    training = tiny_trial(conditional="concat", z_distribution=distribution).training
    generator = build_state(training, 1, torch.device("cpu"), dataset.class_shares).generator
    label_of = {image.tobytes(): label for image, label in zip(dataset.images, dataset.labels, strict=True)}
    for cur_nimg in (0, 200):
        batch = BatchSource(training, dataset, Workers()).draw(cur_nimg)
        assert batch.labels is not None
        assert batch.labels.tolist() == [label_of[image.numpy().tobytes()] for image in to_uint8(batch.real_images)]
        asked = asked_classes(generator, batch.z)
        assert asked is not None
        assert torch.equal(asked, batch.labels)
        assert len(batch.labels.unique()) > 4
