from math import log

import pytest
import torch
from torch import Tensor

from gan_study.config import names
from gan_study.gan.losses import LOSSES


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(LOSSES) == set(names.LOSSES)


# least_squares: 1/2 (1^2 + 2^2)/2 + 1/2 (0.5^2 + 3^2)/2 = 1.25 + 2.3125; generator 1/2 (0.5^2 + 4^2)/2.
# wasserstein: (0.5 - 3)/2 - (2 - 1)/2 = -1.25 - 0.5; generator -(0.5 - 3)/2.
@pytest.mark.parametrize(
    ("name", "d_loss", "g_loss"), [("least_squares", 3.5625, 4.0625), ("wasserstein", -1.75, 1.25)]
)
def test_values_worked_out_by_hand(name: names.LossName, d_loss: float, g_loss: float) -> None:
    real_logits, fake_logits = vector(2, -1), vector(0.5, -3)
    assert LOSSES[name].discriminator(real_logits, fake_logits).item() == pytest.approx(d_loss, rel=1e-12)
    assert LOSSES[name].generator(fake_logits).item() == pytest.approx(g_loss, rel=1e-12)


def test_non_saturating_is_the_cross_entropy_of_the_probabilities() -> None:
    # sigmoid(log(p / (1 - p))) = p: real images get p = 3/4 and 1/2, generated ones 1/4 and 4/5.
    real_logits, fake_logits = vector(log(3), 0), vector(-log(3), log(4))
    d_loss = -(log(3 / 4) + log(1 / 2)) / 2 - (log(1 - 1 / 4) + log(1 - 4 / 5)) / 2
    g_loss = -(log(1 / 4) + log(4 / 5)) / 2
    assert LOSSES["non_saturating"].discriminator(real_logits, fake_logits).item() == pytest.approx(d_loss, rel=1e-12)
    assert LOSSES["non_saturating"].generator(fake_logits).item() == pytest.approx(g_loss, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("real_logit", [-1e4, 1e4])
@pytest.mark.parametrize("fake_logit", [-1e4, 1e4])
def test_large_logits_keep_values_and_gradients_finite(
    name: names.LossName, real_logit: float, fake_logit: float
) -> None:
    real_logits = torch.full((4,), real_logit, requires_grad=True)
    fake_logits = torch.full((4,), fake_logit, requires_grad=True)
    losses = torch.stack([LOSSES[name].discriminator(real_logits, fake_logits), LOSSES[name].generator(fake_logits)])
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
    (g_fake,) = torch.autograd.grad(LOSSES[name].generator(fake_logits), fake_logits)
    assert [d_real.sign().item(), d_fake.sign().item(), g_fake.sign().item()] == [-1, 1, -1]
