"""One whole step of both players for every loss, penalty and network, and for every other choice with each network."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from support.present import present
from support.tiny_training import BATCH_SIZE, numbers, tiny_trial
from torch import Tensor, nn

from gan_study.config import names
from gan_study.config.hyperparameters import PartialNetwork
from gan_study.config.training import TrainingConfig
from gan_study.gan.latents import draw_z
from gan_study.gan.penalties import GRADIENT_PENALTIES, clip_weights_
from gan_study.training.batch import draw_penalty_noise
from gan_study.training.precision import weights_dtype
from gan_study.training.state import build_state
from gan_study.training.steps import StepMeasures, accumulate_d_gradients, accumulate_g_gradients

CHOICES: dict[str, dict[str, Any]] = {
    "batch norm, penalty across the batch": {"penalty": "wgan_gp", "discriminator_norm": "batch"},
    "layer norm": {"penalty": "r1", "discriminator_norm": "layer"},
    "spectral norm": {"loss": "hinge", "spectral_norm": True},
    "spectral norm of both": {"loss": "hinge", "spectral_norm": True, "g_spectral_norm": True},
    "deeper, of two widths": {"penalty": "r1", "depth": 1, "g_width": 5, "d_width": 3, "activation": "silu"},
    "a generator with layer norm": {"g_norm": "layer", "activation": "elu"},
    "a generator without norm": {"g_norm": "none", "activation": "leaky_relu"},
    "spectral norm and a penalty": {"loss": "hinge", "penalty": "wgan_gp", "spectral_norm": True},
    "spectral norm and clipped weights": {"loss": "wasserstein", "penalty": "weight_clip", "spectral_norm": True},
    "stacks": {"loss": "relativistic", "penalty": "r2", "pac": 4},
    "stacks and noise": {"penalty": "dragan", "pac": 2},
    "smoothed labels": {"loss": "minimax", "label_smoothing": 0.1},
    "rmsprop": {"loss": "wasserstein", "penalty": "weight_clip", "optimizer": "rmsprop"},
    "uniform latents": {"z_distribution": "uniform"},
    "float64": {"precision": "float64", "penalty": "dragan", "spectral_norm": True},
    "bf16": {"precision": "bf16", "penalty": "dragan", "spectral_norm": True},
    "bf16 with layer norm": {"precision": "bf16", "loss": "relativistic", "discriminator_norm": "layer"},
}
_OF_THE_NETWORK = set(PartialNetwork.model_fields)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tensors this small only lose by being shared among threads, ten-fold where other processes run."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(num_threads)


def training_of(network: str, **values: Any) -> TrainingConfig:
    """The network at its smallest width and image size."""
    shape = {"name": network, "width": 4, **{name: values.pop(name) for name in _OF_THE_NETWORK if name in values}}
    image_size = (names.NETWORK_IMAGE_SIZES[network] or (8,))[0]
    return tiny_trial(**{"network": shape, "dataset": {"name": "digits", "image_size": image_size}, **values}).training


def copies(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def assert_finite(measures: StepMeasures[Tensor], *fields: str) -> None:
    values = torch.stack([getattr(measures, field) for field in ("loss", "grad_norm", *fields)])
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
    random, dtype = torch.Generator().manual_seed(0), weights_dtype(training)
    size = training.dataset.image_size
    real_images = torch.rand(BATCH_SIZE, 1, size, size, generator=random, dtype=dtype) * 2 - 1
    noise = draw_penalty_noise(training, size**2, cur_nimg=0)
    z = draw_z(BATCH_SIZE, training.z_dim, training.z_distribution, random).to(dtype)
    return real_images, z, noise.to(dtype) if noise is not None else None


def assert_both_players_learn(training: TrainingConfig) -> None:
    state = build_state(training, num_channels=1, device=torch.device("cpu"))
    real_images, z, noise = draw(training)
    fake_images = state.generator(z)
    g_before, d_before = copies(state.generator), copies(state.discriminator)

    measures = accumulate_d_gradients(training, state.discriminator, real_images, fake_images, noise)
    has_penalty = training.penalty in GRADIENT_PENALTIES
    assert_finite(measures, "real_logit", "fake_logit", *(["penalty"] if has_penalty else []))
    assert (measures.penalty is not None) == has_penalty
    assert all(parameter.grad is None for parameter in state.generator.parameters())
    state.d_optimizer.step()
    assert_changed(state.discriminator, d_before)
    assert_unchanged(state.generator, g_before)
    if training.clip_value is not None:
        clip_weights_(state.discriminator, training.clip_value)
        assert max(parameter.abs().max() for parameter in state.discriminator.parameters()) <= training.clip_value

    d_after = copies(state.discriminator)
    d_gradients = [present(parameter.grad).clone() for parameter in state.discriminator.parameters()]
    assert_finite(accumulate_g_gradients(training, state.generator, state.discriminator, fake_images, real_images))
    for parameter, gradient in zip(state.discriminator.parameters(), d_gradients, strict=True):
        assert torch.equal(present(parameter.grad), gradient)
        assert parameter.requires_grad
    state.g_optimizer.step()
    assert_changed(state.generator, g_before)
    assert_unchanged(state.discriminator, d_after)


@pytest.mark.parametrize("loss", names.LOSSES)
@pytest.mark.parametrize("penalty", names.PENALTIES)
@pytest.mark.parametrize("network", names.NETWORKS)
def test_both_players_learn(loss: str, penalty: str, network: str) -> None:
    assert_both_players_learn(training_of(network, loss=loss, penalty=penalty))


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("network", names.NETWORKS)
def test_every_other_choice_goes_with_every_network(choice: str, network: str) -> None:
    assert_both_players_learn(training_of(network, **CHOICES[choice]))


def linear_discriminator(weight: float, num_channels: int = 1) -> nn.Module:
    """D(x) = w x for images of one pixel, or the sum over the channels of a stack."""
    linear = nn.Linear(num_channels, 1, bias=False)
    nn.init.constant_(linear.weight, weight)
    return nn.Sequential(nn.Flatten(), linear, nn.Flatten(start_dim=0))


def weight_gradient(player: nn.Module) -> list[float]:
    """The gradient of the only weight matrix of a linear player."""
    (weight,) = player.parameters()
    return [float(value) for value in present(weight.grad).flatten()]


def pixels(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1)


def linear_generator(images: Tensor) -> tuple[nn.Module, Tensor]:
    """G(z) = v z with v = 1, and the images it makes of z = images, with their graph."""
    generator = nn.Linear(1, 1, bias=False)
    nn.init.constant_(generator.weight, 1.0)
    return generator, generator(images.reshape(-1, 1)).reshape(images.shape)


def test_measures_worked_out_by_hand() -> None:
    # D(x) = w x with w = 2, real images 1 and 2, generated ones 0 and -1: logits 2, 4 and 0, -2.
    # Wasserstein: -1 - 3 = -4, its gradient by w is -0.5 - 1.5 = -2. |dD/dx| = 2: the penalty is 3 (2 - 1)^2 = 3,
    # its gradient 3 * 2 (2 - 1) = 6. Together: -4 + 3, and -2 + 6.
    discriminator = linear_discriminator(2.0)
    training = tiny_trial(loss="wasserstein", penalty="wgan_gp", penalty_weight=3).training
    real_images, fake_images = pixels(1, 2), pixels(0, -1)
    noise = torch.full((2, 1, 1, 1), 0.5)
    measures = numbers(accumulate_d_gradients(training, discriminator, real_images, fake_images, noise))
    assert measures == StepMeasures(loss=-1.0, grad_norm=4.0, penalty=3.0, real_logit=3.0, fake_logit=-1.0)
    assert weight_gradient(discriminator) == [4.0]
    # A second call does not add to the first one's gradients.
    accumulate_d_gradients(training, discriminator, real_images, fake_images, noise)
    assert weight_gradient(discriminator) == [4.0]
    # The loss -mean D(G(z)) = 1 has the gradient -2 mean z = 1; by each image, its own loss -2 x has -2.
    generator, images = linear_generator(fake_images)
    g_measures = numbers(accumulate_g_gradients(training, generator, discriminator, images))
    assert g_measures == StepMeasures(loss=1.0, grad_norm=1.0, output_gradient=2.0)
    assert weight_gradient(generator) == [1.0]


def test_a_lazy_penalty_worked_out_by_hand() -> None:
    # As above without the penalty: -4 and -2. 1/2 |dD/dx|^2 = 2, times the weight 3, times 4 steps: 24, its
    # gradient 4 * 3 * w = 24. A step in which it is not due has none.
    discriminator = linear_discriminator(2.0)
    training = tiny_trial(loss="wasserstein", penalty="r1", penalty_weight=3, penalty_every=4).training
    batch = pixels(1, 2), pixels(0, -1)
    due = numbers(accumulate_d_gradients(training, discriminator, *batch, torch.empty(2, 0, 1, 1)))
    assert due == StepMeasures(loss=20.0, grad_norm=22.0, penalty=24.0, real_logit=3.0, fake_logit=-1.0)
    other = numbers(accumulate_d_gradients(training, discriminator, *batch, None))
    assert other == StepMeasures(loss=-4.0, grad_norm=2.0, penalty=0.0, real_logit=3.0, fake_logit=-1.0)


@pytest.mark.parametrize(
    ("penalty_every", "due"), [(None, [0, 1, 2, 3, 4, 5, 6]), (1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6])]
)
def test_when_a_lazy_penalty_is_due(penalty_every: int | None, due: list[int]) -> None:
    training = tiny_trial(penalty="r1", penalty_every=penalty_every).training
    found = [step for step in range(7) if draw_penalty_noise(training, 4, step * BATCH_SIZE) is not None]
    assert found == due


def test_stacks_worked_out_by_hand() -> None:
    # Logits are sums over two images: real 1 + 2 and 3 + 4, generated 0 - 1 and 1 + 1. Wasserstein: 0.5 - 5. The
    # gradient by each weight is the mean of that channel's images: 0.5 - 2 and 0 - 3, of which the norm is taken.
    # Each of the two channels adds 1 to |dD/dx|^2: half of it is 1.
    discriminator = linear_discriminator(1.0, num_channels=2)
    training = tiny_trial(loss="wasserstein", penalty="r2", penalty_weight=0.25, pac=2).training
    real_images, fake_images = pixels(1, 2, 3, 4), pixels(0, -1, 1, 1)
    noise = torch.empty(2, 0, 1, 1)
    measures = numbers(accumulate_d_gradients(training, discriminator, real_images, fake_images, noise))
    assert (measures.loss, measures.penalty) == (-4.25, 0.25)
    assert (measures.real_logit, measures.fake_logit) == (5.0, 0.5)
    assert weight_gradient(discriminator) == [-1.5 + 0.25, -3.0 + 0.25]
    # -mean D over two stacks; each of the four latents 0, -1, 1, 1 is in one of them: -(0 - 1 + 1 + 1) / 2.
    generator, images = linear_generator(fake_images)
    g_measures = numbers(accumulate_g_gradients(training, generator, discriminator, images))
    assert (g_measures.loss, weight_gradient(generator)) == (-0.5, [-0.5])


def test_a_relativistic_generator_sees_the_real_images() -> None:
    # D(x) = x: real images 1 and 2, generated 0 and -1 are 1 and 3 behind.
    discriminator, training = linear_discriminator(1.0), tiny_trial(loss="relativistic").training
    generator, images = linear_generator(pixels(0, -1))
    measures = numbers(accumulate_g_gradients(training, generator, discriminator, images, pixels(1, 2)))
    behind = torch.tensor([1.0, 3.0])
    assert measures.loss == pytest.approx(behind.exp().log1p().mean().item(), rel=1e-6)
    # d/dv of softplus(x - v z) is -z sigmoid(x - v z), and only the second z is not 0.
    assert weight_gradient(generator) == pytest.approx([behind[1].sigmoid().item() / 2], rel=1e-6)


def test_smoothed_labels_worked_out_by_hand() -> None:
    # D(x) = 0 for all: probabilities are 1/2 whatever the target, and the gradient by w is, for the real images 1
    # and 2, the mean of (1/2 - 0.9) x, and for generated ones that of x / 2.
    discriminator = linear_discriminator(0.0)
    training = tiny_trial(loss="non_saturating", label_smoothing=0.1).training
    measures = numbers(accumulate_d_gradients(training, discriminator, pixels(1, 2), pixels(0, -1), None))
    assert measures.loss == pytest.approx(2 * torch.tensor(2.0).log().item(), rel=1e-6)
    assert weight_gradient(discriminator) == pytest.approx([-0.4 * 1.5 - 0.5 * 0.5], rel=1e-6)
