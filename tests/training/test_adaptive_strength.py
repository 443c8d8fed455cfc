"""The probability of adaptive augmentations: its adjustments by hand, and in trainings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import BATCH_SIZE, numbers, run, tiny_trial, trial_folder

from gan_study.extractors.objective import Objective
from gan_study.gan.augmentations import AUGMENTATIONS, augment, num_numbers
from gan_study.training.adaptive_strength import AugmentProbability, make_probability
from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.state import build_state
from gan_study.training.steps import accumulate_d_gradients


def follow(signs: Sequence[float], probability: AugmentProbability, first: int = 1) -> list[float]:
    """The probability after each of these steps."""
    found = []
    for number, sign in enumerate(signs, start=first):
        probability.observe(torch.tensor(sign), number, 1.0, Workers())
        found.append(round(float(probability.value), 6))
    return found


def test_every_fourth_step_moves_it_towards_more_while_the_signs_are_above_the_target() -> None:
    probability = AugmentProbability(target=0.6, rise_per_step=0.05)
    assert follow([1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1], probability) == [0, 0, 0, 0.2] + [0.2] * 3 + [0] * 4 + [0.2]
    # It stays within [0, 1], and falls again as fast as it rose.
    assert follow([1] * 20 + [-1] * 4, probability)[15:] == [1] * 8 + [0.8]


def test_steps_since_the_last_adjustment_are_part_of_the_state() -> None:
    whole, one, other = (AugmentProbability(target=0.6, rise_per_step=0.05) for _ in range(3))
    signs = [1.0, 1.0, 1.0, -0.5]
    follow(signs[:3], one)
    other.load_state_dict(one.state_dict())
    # The first three steps decide: the fourth alone would not raise it.
    assert follow(signs[3:], other, first=4) == follow(signs, whole)[3:] == [0.2]


def test_it_can_rise_to_one_within_its_ramp() -> None:
    def steps(**values: Any) -> float:
        probability = make_probability(tiny_trial(loss="hinge", **values).training)
        assert probability is not None
        follow([1.0] * 4, probability)
        return 4 / float(probability.value)

    assert steps(augment={"adaptive": "flip", "ramp_kimg": 0.4}) == pytest.approx(400 / BATCH_SIZE)
    # By default, over a tenth of the training, and over 500 kimg of a long one.
    assert steps(augment={"adaptive": "flip"}, total_kimg=2) == pytest.approx(200 / BATCH_SIZE)
    assert steps(augment={"adaptive": "flip"}, total_kimg=25_000) == pytest.approx(500_000 / BATCH_SIZE, rel=1e-5)
    assert make_probability(tiny_trial(augment="flip").training) is None


def test_each_augmentation_of_an_image_is_applied_with_the_probability() -> None:
    used, num = [AUGMENTATIONS[name] for name in ("colour", "cutout")], 400
    random = torch.Generator().manual_seed(0)
    images = torch.rand(num, 1, 16, 16, generator=random)
    chances = torch.rand(num, num_numbers(used, have_probability=True), generator=random)
    assert chances.shape[1] == num_numbers(used) + 2
    assert torch.equal(augment(images, used, chances, torch.tensor(0.0)), images)
    always = augment(images, used, chances[:, : num_numbers(used)])
    assert torch.equal(augment(images, used, chances, torch.tensor(1.0)), always)
    seen = augment(images, used, chances, torch.tensor(0.3))
    is_cut, is_kept = ((seen == grey).flatten(1).any(1) for grey in (0, images))
    assert 0.2 < is_cut.float().mean() < 0.4
    is_coloured = ~is_kept
    assert 0.2 < is_coloured.float().mean() < 0.4
    assert 0.03 < (is_cut & is_coloured).float().mean() < 0.16  # independent of each other: 0.09


@pytest.mark.parametrize(("loss", "boundary"), [("hinge", 0.0), ("least_squares", 0.5), ("minimax", 0.0)])
def test_the_signal_is_the_share_of_real_images_that_are_taken_for_real(
    loss: str, boundary: float, prepared: Prepared
) -> None:
    training = tiny_trial(loss=loss, augment={"adaptive": "flip"}).training
    real_images, _, _, chances, *_ = BatchSource(training, prepared.dataset, Workers()).draw(0)

    class Judge(torch.nn.Module):
        """It takes 15 of 20 images for real."""

        def __init__(self) -> None:
            super().__init__()
            self.offset = torch.nn.Parameter(torch.tensor(boundary))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.offset + torch.tensor([0.1] * 15 + [-0.1] * 5) + 0 * images.sum()

    probability = torch.tensor(0.25)
    found = accumulate_d_gradients(
        training, Judge(), real_images, real_images, None, chances=chances, probability=probability
    )
    assert numbers(found).real_sign == 0.5
    assert numbers(found).augment_probability == 0.25
    plain = accumulate_d_gradients(tiny_trial(loss=loss).training, Judge(), real_images, real_images, None)
    assert plain.real_sign is None


def test_a_discriminator_that_knows_its_images_sees_them_augmented(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    adaptive = {"adaptive": ["flip", "cutout"], "target": 0.1, "ramp_kimg": 0.3}
    config = tiny_trial(loss="hinge", augment=adaptive, total_kimg=0.8)
    run(config, prepared, tmp_path / "adaptive", objective)
    run(tiny_trial(loss="hinge", total_kimg=0.8), prepared, tmp_path / "plain", objective)
    first, *later = trial_folder(tmp_path / "adaptive").read_evaluations()
    assert first.losses is None
    losses = [e.losses for e in later if e.losses is not None]
    assert len(losses) == 10
    probabilities = [each.augment_probability or 0 for each in losses]
    assert max(probabilities) > 0.5
    # Before the first adjustment, images are seen as they are, but from then on not.
    plain = [e.losses for e in trial_folder(tmp_path / "plain").read_evaluations() if e.losses is not None]
    assert losses[0].d_loss == plain[0].d_loss
    assert losses[1].d_loss != plain[1].d_loss
    assert all(each.real_sign is not None and -1 <= each.real_sign <= 1 for each in losses)
    assert plain[0].augment_probability is plain[0].real_sign is None


def test_a_checkpoint_brings_it_back() -> None:
    training = tiny_trial(loss="hinge", augment={"adaptive": "flip", "ramp_kimg": 0.2}).training
    one, other = (build_state(training, 1, torch.device("cpu")) for _ in range(2))
    assert one.augment_probability is not None
    assert other.augment_probability is not None
    follow([1.0] * 6, one.augment_probability)
    other.load_bytes(one.to_bytes())
    assert float(other.augment_probability.value) == pytest.approx(0.4)
    assert follow([1.0] * 2, other.augment_probability, 7) == follow([1.0] * 2, one.augment_probability, 7)
