from math import log

import pytest
import torch
from torch import Tensor

from gan_study.config import names
from gan_study.gan.losses import LOSSES, label_smoothing_term


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(LOSSES) == set(names.LOSSES)


# hinge: (max(0, 1 - 2) + max(0, 1 + 1))/2 + (max(0, 1 + 0.5) + max(0, 1 - 3))/2 = 1 + 0.75; generator -(0.5 - 3)/2.
# least_squares: 1/2 (1^2 + 2^2)/2 + 1/2 (0.5^2 + 3^2)/2 = 1.25 + 2.3125; generator 1/2 (0.5^2 + 4^2)/2.
# wasserstein: (0.5 - 3)/2 - (2 - 1)/2 = -1.25 - 0.5; generator -(0.5 - 3)/2.
@pytest.mark.parametrize(
    ("name", "d_loss", "g_loss"),
    [("hinge", 1.75, 1.25), ("least_squares", 3.5625, 4.0625), ("wasserstein", -1.75, 1.25)],
)
def test_values_worked_out_by_hand(name: names.LossName, d_loss: float, g_loss: float) -> None:
    real_logits, fake_logits = vector(2, -1), vector(0.5, -3)
    assert LOSSES[name].discriminator(real_logits, fake_logits).item() == pytest.approx(d_loss, rel=1e-12)
    assert LOSSES[name].generator(real_logits, fake_logits).item() == pytest.approx(g_loss, rel=1e-12)


# The generator lowers -log p, or log (1 - p), of what its images are taken for: probabilities 1/4 and 4/5.
@pytest.mark.parametrize(
    ("name", "g_loss"),
    [("non_saturating", -(log(1 / 4) + log(4 / 5)) / 2), ("minimax", (log(1 - 1 / 4) + log(1 - 4 / 5)) / 2)],
)
def test_the_original_losses_are_cross_entropies_of_probabilities(name: names.LossName, g_loss: float) -> None:
    # sigmoid(log(p / (1 - p))) = p: real images get p = 3/4 and 1/2, generated ones 1/4 and 4/5.
    real_logits, fake_logits = vector(log(3), 0), vector(-log(3), log(4))
    d_loss = -(log(3 / 4) + log(1 / 2)) / 2 - (log(1 - 1 / 4) + log(1 - 4 / 5)) / 2
    assert LOSSES[name].discriminator(real_logits, fake_logits).item() == pytest.approx(d_loss, rel=1e-12)
    assert LOSSES[name].generator(real_logits, fake_logits).item() == pytest.approx(g_loss, rel=1e-12)


def test_relativistic_compares_the_images_of_a_pair() -> None:
    # sigmoid(log 3) = 3/4 and sigmoid(log 4) = 4/5: the real image of each pair is log 3 and log 4 ahead. Other
    # pairs of the same logits would have other differences.
    real_logits, fake_logits = vector(log(3) + 5, log(4) - 2), vector(5, -2)
    loss = LOSSES["relativistic"]
    d_loss, g_loss = -(log(3 / 4) + log(4 / 5)) / 2, -(log(1 / 4) + log(1 / 5)) / 2
    assert loss.discriminator(real_logits, fake_logits).item() == pytest.approx(d_loss, rel=1e-12)
    assert loss.generator(real_logits, fake_logits).item() == pytest.approx(g_loss, rel=1e-12)


@pytest.mark.parametrize("name", names.SMOOTHED_LOSSES)
def test_smoothing_makes_the_target_of_real_images_a_probability(name: names.LossName) -> None:
    # Logits of the probabilities 3/4 and 1/5 with the target 0.9.
    real_logits, fake_logits = vector(log(3), -log(4)), vector(0.5, -1)
    cross_entropy = -(0.9 * log(3 / 4) + 0.1 * log(1 / 4) + 0.9 * log(1 / 5) + 0.1 * log(4 / 5)) / 2
    hard = -(log(3 / 4) + log(1 / 5)) / 2
    smoothed = LOSSES[name].discriminator(real_logits, fake_logits) + label_smoothing_term(real_logits, 0.1)
    rest = LOSSES[name].discriminator(real_logits, fake_logits).item() - hard
    assert smoothed.item() - rest == pytest.approx(cross_entropy, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_the_generator_s_loss_uses_the_real_logits_where_it_says_so(name: names.LossName) -> None:
    fake_logits = vector(0.5, -3)
    values = {LOSSES[name].generator(vector(*real), fake_logits).item() for real in ((2, -1), (0, 7))}
    assert LOSSES[name].generator_uses_real == (len(values) == 2)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("real_logit", [-1e4, 1e4])
@pytest.mark.parametrize("fake_logit", [-1e4, 1e4])
def test_large_logits_keep_values_and_gradients_finite(
    name: names.LossName, real_logit: float, fake_logit: float
) -> None:
    real_logits = torch.full((4,), real_logit, requires_grad=True)
    fake_logits = torch.full((4,), fake_logit, requires_grad=True)
    losses = torch.stack(
        [loss(real_logits, fake_logits) for loss in (LOSSES[name].discriminator, LOSSES[name].generator)]
    )
    losses.sum().backward()
    for values in (losses, real_logits.grad, fake_logits.grad):
        assert values is not None
        assert torch.isfinite(values).all()


@pytest.mark.parametrize("name", LOSSES)
def test_the_players_pull_generated_logits_in_opposite_directions(name: names.LossName) -> None:
    real_logits, fake_logits = vector(0.5).requires_grad_(), vector(0.5).requires_grad_()
    d_real, d_fake = torch.autograd.grad(
        LOSSES[name].discriminator(real_logits, fake_logits), [real_logits, fake_logits]
    )
    (g_fake,) = torch.autograd.grad(LOSSES[name].generator(real_logits, fake_logits), fake_logits)
    assert [d_real.sign().item(), d_fake.sign().item(), g_fake.sign().item()] == [-1, 1, -1]
