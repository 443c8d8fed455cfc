"""Flips and augmentations of a training: their numbers, what the players see, and several workers."""

from typing import Any

import torch
from support.prepared_objective import Prepared
from support.tiny_training import BATCH_SIZE, tiny_trial
from torch import Tensor, nn

from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.steps import accumulate_d_gradients, accumulate_g_gradients

FLIPPED: dict[str, Any] = {"dataset": {"name": "digits", "image_size": 16, "flip": True}}


def source(prepared: Prepared, rank: int = 0, world_size: int = 1, **values: Any) -> BatchSource:
    return BatchSource(tiny_trial(**values).training, prepared.dataset, Workers(rank, world_size))


def test_half_of_the_real_images_are_mirrored_and_nothing_else_changes(prepared: Prepared) -> None:
    plain, flipped = source(prepared).draw(0), source(prepared, **FLIPPED).draw(0)
    assert flipped.chances is None
    assert torch.equal(plain.z, flipped.z)
    mirrored = [torch.equal(new, old.flip(2)) for new, old in zip(flipped.real_images, plain.real_images, strict=True)]
    kept = [torch.equal(new, old) for new, old in zip(flipped.real_images, plain.real_images, strict=True)]
    assert all(one or other for one, other in zip(mirrored, kept, strict=True))
    assert BATCH_SIZE / 4 < sum(mirrored) < BATCH_SIZE * 3 / 4


def test_workers_share_the_numbers_of_the_whole_batch(prepared: Prepared) -> None:
    values: dict[str, Any] = {**FLIPPED, "augment": ["cutout", "flip"], "penalty": "dragan"}
    whole = source(prepared, **values).draw(BATCH_SIZE)
    parts = [source(prepared, rank, 2, **values).draw(BATCH_SIZE) for rank in (0, 1)]
    assert whole.chances is not None
    assert whole.chances.shape == (BATCH_SIZE, 4, 3)
    assert torch.equal(torch.cat([part.real_images for part in parts]), whole.real_images)
    assert torch.equal(torch.cat([part.chances for part in parts if part.chances is not None]), whole.chances)
    other = source(prepared, **values).draw(2 * BATCH_SIZE).chances
    assert other is not None
    assert not torch.equal(other, whole.chances)


class Spy(nn.Module):
    """A discriminator that keeps what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images.detach())
        return images.sum(dim=(1, 2, 3)) * self.factor


def test_both_players_judge_augmented_images_real_and_generated(prepared: Prepared) -> None:
    training = tiny_trial(loss="relativistic", penalty=["r1", "r2"], augment="flip", pac=2).training
    real_images, _, noise, *_ = BatchSource(training, prepared.dataset, Workers()).draw(0)
    fake_images = (-real_images).requires_grad_()
    # The four views: mirrored, as it is, mirrored, as it is.
    chances = torch.tensor([0.0, 0.9, 0.0, 0.9])[None, :, None].expand(BATCH_SIZE, 4, 1)
    spy = Spy()
    accumulate_d_gradients(training, spy, real_images, fake_images, noise, chances=chances)
    stacks = real_images.reshape(BATCH_SIZE // 2, 2, 16, 16)
    # The two penalties are those at the images that the discriminator sees.
    for seen, expected in zip(spy.seen, [stacks.flip(3), -stacks, stacks.flip(3), -stacks], strict=True):
        assert torch.equal(seen, expected)
    spy.seen.clear()
    accumulate_g_gradients(training, nn.Linear(1, 1), spy, fake_images * 1.0, real_images, chances=chances)
    for seen, expected in zip(spy.seen, [-stacks.flip(3), stacks], strict=True):
        assert torch.equal(seen, expected)
