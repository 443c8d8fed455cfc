from collections.abc import Callable

import pytest
import torch
from support.present import present
from torch import Tensor, nn

from gan_study.config import names
from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.gan.networks import build_networks
from gan_study.gan.penalties import GRADIENT_PENALTIES, clip_weights_, dragan, r1, r2, wgan_gp


def linear_discriminator(weight: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda images: (images * weight).sum(dim=(1, 2, 3)) + 7


def images_and_noise(
    name: str, num: int, num_channels: int, image_size: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(1)
    shape = (num, num_channels, image_size, image_size)
    real_images, fake_images = (torch.rand(shape, generator=random, dtype=dtype) * 2 - 1 for _ in range(2))
    num_noise = GRADIENT_PENALTIES[name].num_noise(real_images[0].numel())
    return real_images, fake_images, torch.rand(num, num_noise, 1, 1, generator=random, dtype=dtype)


def test_the_names_are_those_a_study_may_use() -> None:
    assert {"none", "weight_clip", *GRADIENT_PENALTIES} == set(names.PENALTIES)
    assert set(GRADIENT_PENALTIES) == set(names.WEIGHTED_PENALTIES)


@pytest.mark.parametrize("name", ["wgan_gp", "dragan"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_distance_of_the_norm_to_1_with_a_linear_discriminator(
    name: str, dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    # D(x) = w . x + 7 has the gradient w everywhere. Every one of the 2 * 4 * 4 entries of w is 0.5: |w| = sqrt(8).
    weight = torch.full((2, 4, 4), 0.5, dtype=dtype, requires_grad=True)
    real_images, fake_images, noise = images_and_noise(name, 3, 2, 4, dtype)
    penalty = GRADIENT_PENALTIES[name].value(
        linear_discriminator(weight),
        real_images.to(memory_format=memory_format),
        fake_images.to(memory_format=memory_format),
        noise,
    )
    assert penalty.dtype == dtype
    assert penalty.item() == pytest.approx((8**0.5 - 1) ** 2, rel=1e-6)
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    (gradient,) = torch.autograd.grad(penalty, weight)
    torch.testing.assert_close(gradient, 2 * (8**0.5 - 1) * weight.detach() / 8**0.5, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_half_the_squared_norm_of_a_linear_discriminator(name: str) -> None:
    # |w|^2 = 32 * 0.25 = 8; its half has the gradient w.
    weight = torch.full((2, 4, 4), 0.5, dtype=torch.float64, requires_grad=True)
    batch = images_and_noise(name, 3, 2, 4, torch.float64)
    penalty = GRADIENT_PENALTIES[name].value(linear_discriminator(weight), *batch)
    assert penalty.item() == pytest.approx(4.0, rel=1e-12)
    (gradient,) = torch.autograd.grad(penalty, weight)
    torch.testing.assert_close(gradient, weight.detach(), rtol=1e-12, atol=0)


def quadratic_discriminator(images: Tensor) -> Tensor:
    """|x|^2 / 2, whose gradient at x is x."""
    return images.square().sum(dim=(1, 2, 3)) / 2


def test_r1_looks_at_real_and_r2_at_generated_images() -> None:
    # Four pixels of value v: |x|^2 / 2 = 2 v^2. Real 1 and 2: (2 + 8) / 2 = 5; generated 0 and 3: (0 + 18) / 2 = 9.
    real_images, fake_images = (
        torch.tensor(values).reshape(2, 1, 1, 1).expand(2, 1, 2, 2) for values in ([1.0, 2.0], [0.0, 3.0])
    )
    noise = torch.empty(2, 0, 1, 1)
    assert r1(quadratic_discriminator, real_images, fake_images, noise).item() == pytest.approx(5.0, rel=1e-6)
    assert r2(quadratic_discriminator, real_images, fake_images, noise).item() == pytest.approx(9.0, rel=1e-6)


def test_dragan_looks_around_real_images() -> None:
    # Real images 3 and -1: over all eight pixels the mean is 1 and the standard deviation 2. The points are
    # 3 + 0.5 * 0.5 * 2 * 1 = 3.5 and, with alpha 0, -1; norms of four equal pixels are 7 and 2.
    real_images = torch.tensor([3.0, -1.0]).reshape(2, 1, 1, 1).expand(2, 1, 2, 2)
    noise = torch.tensor([[0.5, 1, 1, 1, 1], [0, 1, 1, 1, 1]]).reshape(2, 5, 1, 1)
    penalty = dragan(quadratic_discriminator, real_images, torch.full((2, 1, 2, 2), 1e3), noise)
    assert penalty.item() == pytest.approx((6**2 + 1**2) / 2, rel=1e-6)
    # Each pixel has its own number: 3.5 and three times 3, |x|^2 = 39.25.
    noise = torch.tensor([[0.5, 1, 0, 0, 0], [0, 1, 1, 1, 1]]).reshape(2, 5, 1, 1)
    penalty = dragan(quadratic_discriminator, real_images, torch.full((2, 1, 2, 2), 1e3), noise)
    assert penalty.item() == pytest.approx(((39.25**0.5 - 1) ** 2 + 1**2) / 2, rel=1e-6)


def test_wgan_gp_looks_at_the_mixed_points() -> None:
    # D(x) = |x|^2 / 2 has the gradient x. Four pixels of value v have the norm 2 |v|. With real 2, generated 0 and
    # the shares 1 and 1/4 of the real image, v is 2 and 1/2: ((4 - 1)^2 + (1 - 1)^2) / 2. Swapped shares: 2.5.
    penalty = wgan_gp(
        quadratic_discriminator,
        torch.full((2, 1, 2, 2), 2.0),
        torch.zeros(2, 1, 2, 2),
        torch.tensor([1.0, 0.25]).reshape(2, 1, 1, 1),
    )
    assert penalty.item() == pytest.approx(4.5, rel=1e-6)


@pytest.mark.parametrize(("name", "value"), [("wgan_gp", 1.0), ("dragan", 1.0), ("r1", 0.0), ("r2", 0.0)])
def test_there_is_a_gradient_where_the_discriminator_is_flat(name: str, value: float) -> None:
    weight = torch.zeros(1, 2, 2, requires_grad=True)
    batch = images_and_noise(name, 3, 1, 2, torch.float32)
    penalty = GRADIENT_PENALTIES[name].value(linear_discriminator(weight), *batch)
    penalty.backward()
    assert penalty.item() == value
    assert weight.grad is not None
    assert torch.equal(weight.grad, torch.zeros_like(weight))


@pytest.mark.parametrize("name", GRADIENT_PENALTIES)
def test_no_penalty_reaches_the_generator(name: str) -> None:
    real_images, fake_images, noise = images_and_noise(name, 3, 1, 2, torch.float32)
    weight = torch.ones(1, 2, 2, requires_grad=True)
    fake_images.requires_grad_()
    GRADIENT_PENALTIES[name].value(
        lambda images: (images.square() * weight).sum(dim=(1, 2, 3)), real_images, fake_images, noise
    ).backward()
    assert weight.grad is not None
    assert fake_images.grad is None


def smooth_activations_(network: nn.Module) -> None:
    """Differences over a kink, where the gradient jumps, say nothing about the slope."""
    for layer in list(network.modules()):
        for name, child in layer.named_children():
            if isinstance(child, nn.ReLU | nn.LeakyReLU):
                setattr(layer, name, nn.Softplus())


@pytest.mark.parametrize("penalty", GRADIENT_PENALTIES)
@pytest.mark.parametrize("name", names.NETWORKS)
@pytest.mark.parametrize("norm", ["layer", "none"])
def test_gradients_of_the_networks_agree_with_differences(
    penalty: str, name: names.NetworkName, norm: NormName
) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(name=name, width=4, discriminator_norm=norm)
    discriminator = build_networks(config, image_size=32, num_channels=2, z_dim=3)[1].double()
    smooth_activations_(discriminator)
    batch = images_and_noise(penalty, 5, 2, 32, torch.float64)
    parameters = list(discriminator.parameters())
    value = GRADIENT_PENALTIES[penalty].value
    gradients = torch.autograd.grad(value(discriminator, *batch), parameters, allow_unused=True)
    # The last bias shifts the logits and nothing else: its gradient is absent.
    directions = [torch.randn_like(parameter) for parameter in parameters]
    slope = sum(
        (gradient * direction).sum().item()
        for gradient, direction in zip(gradients, directions, strict=True)
        if gradient is not None
    )
    step = 1e-6
    values = []
    for sign in (1, -2):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.add_(sign * step * direction)
        values.append(value(discriminator, *batch).item())
    assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


def test_weights_are_clipped_and_buffers_are_not() -> None:
    linear, norm = nn.Linear(2, 2), nn.BatchNorm1d(2)
    discriminator = nn.Sequential(linear, norm)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[-3.0, -0.1], [0.25, 0.26]]))
        linear.bias.copy_(torch.tensor([0.0, 5.0]))
    weight = linear.weight
    clip_weights_(discriminator, 0.25)
    assert linear.weight is weight
    assert torch.equal(weight, torch.tensor([[-0.25, -0.1], [0.25, 0.25]]))
    assert torch.equal(linear.bias, torch.tensor([0.0, 0.25]))
    assert torch.equal(norm.weight, torch.full((2,), 0.25))
    assert torch.equal(present(norm.running_var), torch.ones(2))
    assert all(parameter.requires_grad for parameter in discriminator.parameters())


def test_both_penalties_are_the_sum_of_each() -> None:
    torch.manual_seed(0)
    config = NetworkConfig(name="dcgan", width=2, discriminator_norm="none")
    discriminator = build_networks(config, image_size=16, num_channels=1, z_dim=3)[1]
    batch = torch.rand(4, 1, 16, 16) * 2 - 1, torch.rand(4, 1, 16, 16) * 2 - 1, torch.empty(4, 0, 1, 1)
    penalties = (GRADIENT_PENALTIES[name] for name in ("r1+r2", "r1", "r2"))
    both, real, fake = (penalty.value(discriminator, *batch).detach() for penalty in penalties)
    assert torch.equal(both, real + fake)
    assert float(real) > 0
    assert float(fake) > 0
    assert real != fake
