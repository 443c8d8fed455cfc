"""One whole step of both players for every loss, penalty and network that may be combined."""

from itertools import product

import pytest
import torch
from tiny_training import BATCH_SIZE, tiny_trial
from torch import Tensor, nn

from gan_study.config import names
from gan_study.config.training import TrainingConfig
from gan_study.gan.penalties import GRADIENT_PENALTIES, clip_weights_
from gan_study.training.state import build_state
from gan_study.training.steps import StepMeasures, accumulate_d_gradients, accumulate_g_gradients


def copies(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def assert_finite(measures: StepMeasures, *fields: str) -> None:
    values = torch.tensor([getattr(measures, field) for field in ("loss", "grad_norm", *fields)])
    assert values.isfinite().all()
    assert measures.grad_norm > 0


def assert_changed(network: nn.Module, before: list[Tensor]) -> None:
    """Every matrix and every kernel has changed; single biases may have the gradient 0."""
    for parameter, old in zip(network.parameters(), before, strict=True):
        assert parameter.isfinite().all()
        assert parameter.dim() < 2 or not torch.equal(parameter, old)


def assert_unchanged(network: nn.Module, before: list[Tensor]) -> None:
    assert all(torch.equal(parameter, old) for parameter, old in zip(network.parameters(), before, strict=True))


def draw(training: TrainingConfig) -> tuple[Tensor, Tensor, Tensor | None]:
    random = torch.Generator().manual_seed(0)
    real_images = torch.rand(BATCH_SIZE, 1, 16, 16, generator=random) * 2 - 1
    mix = torch.rand(BATCH_SIZE, 1, 1, 1, generator=random) if training.penalty in GRADIENT_PENALTIES else None
    return real_images, torch.randn(BATCH_SIZE, training.z_dim, generator=random), mix


@pytest.mark.parametrize("loss", names.LOSSES)
@pytest.mark.parametrize("penalty", names.PENALTIES)
@pytest.mark.parametrize(("network", "norm"), list(product(names.NETWORKS, ("batch", "none"))))
def test_both_players_learn(loss: str, penalty: str, network: str, norm: str) -> None:
    shape = {"name": network, "width": 4, "discriminator_norm": norm}
    training = tiny_trial(loss=loss, penalty=penalty, network=shape).training
    state = build_state(training, num_channels=1, device=torch.device("cpu"))
    real_images, z, mix = draw(training)
    fake_images = state.generator(z)
    g_before, d_before = copies(state.generator), copies(state.discriminator)

    measures = accumulate_d_gradients(training, state.discriminator, real_images, fake_images, mix)
    assert_finite(measures, "real_logit", "fake_logit", *(["penalty"] if penalty == "wgan_gp" else []))
    assert (measures.penalty is not None) == (penalty == "wgan_gp")
    assert all(parameter.grad is None for parameter in state.generator.parameters())
    state.d_optimizer.step()
    assert_changed(state.discriminator, d_before)
    assert_unchanged(state.generator, g_before)
    if training.clip_value is not None:
        clip_weights_(state.discriminator, training.clip_value)
        assert max(parameter.abs().max() for parameter in state.discriminator.parameters()) <= training.clip_value

    d_after = copies(state.discriminator)
    d_gradients = [parameter.grad.clone() for parameter in state.discriminator.parameters()]
    assert_finite(accumulate_g_gradients(training, state.generator, state.discriminator, fake_images))
    for parameter, gradient in zip(state.discriminator.parameters(), d_gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)
        assert parameter.requires_grad
    state.g_optimizer.step()
    assert_changed(state.generator, g_before)
    assert_unchanged(state.discriminator, d_after)


def test_measures_worked_out_by_hand() -> None:
    # D(x) = w x with w = 2, real images 1 and 2, generated ones 0 and -1: logits 2, 4 and 0, -2.
    # Wasserstein: -1 - 3 = -4, its gradient by w is -0.5 - 1.5 = -2. |dD/dx| = 2: the penalty is 3 (2 - 1)^2 = 3,
    # its gradient 3 * 2 (2 - 1) = 6. Together: -4 + 3, and -2 + 6.
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(1, 1, bias=False), nn.Flatten(start_dim=0))
    nn.init.constant_(discriminator[1].weight, 2.0)
    training = tiny_trial(loss="wasserstein", penalty="wgan_gp", penalty_weight=3).training
    real_images, fake_images = (torch.tensor(v).reshape(2, 1, 1, 1) for v in ([1.0, 2.0], [0.0, -1.0]))
    mix = torch.full((2, 1, 1, 1), 0.5)
    measures = accumulate_d_gradients(training, discriminator, real_images, fake_images, mix)
    assert measures == StepMeasures(loss=-1.0, grad_norm=4.0, penalty=3.0, real_logit=3.0, fake_logit=-1.0)
    assert discriminator[1].weight.grad.item() == 4.0
    # A second call does not add to the first one's gradients.
    accumulate_d_gradients(training, discriminator, real_images, fake_images, mix)
    assert discriminator[1].weight.grad.item() == 4.0
    # G(z) = v z with v = 1 gives the images; the loss -mean D(G(z)) = 1 has the gradient -2 mean z = 1.
    generator = nn.Linear(1, 1, bias=False)
    nn.init.constant_(generator.weight, 1.0)
    images = generator(fake_images.reshape(2, 1)).reshape(2, 1, 1, 1)
    assert accumulate_g_gradients(training, generator, discriminator, images) == StepMeasures(loss=1.0, grad_norm=1.0)
    assert generator.weight.grad.item() == 1.0
