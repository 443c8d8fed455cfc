from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gan_study.config import names
from gan_study.config.training import NetworkConfig
from gan_study.gan.networks import build_networks
from gan_study.gan.penalties import GRADIENT_PENALTIES, clip_weights_, wgan_gp


def linear_discriminator(weight: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda images: (images * weight).sum(dim=(1, 2, 3)) + 7


def images_and_mix(num: int, num_channels: int, image_size: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(1)
    shape = (num, num_channels, image_size, image_size)
    real_images, fake_images = (torch.rand(shape, generator=random, dtype=dtype) * 2 - 1 for _ in range(2))
    return real_images, fake_images, torch.rand(num, 1, 1, 1, generator=random, dtype=dtype)


def test_the_names_are_those_a_study_may_use() -> None:
    assert {"none", "weight_clip", *GRADIENT_PENALTIES} == set(names.PENALTIES)
    assert set(GRADIENT_PENALTIES) == set(names.WEIGHTED_PENALTIES)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_wgan_gp_of_a_linear_discriminator(dtype: torch.dtype, memory_format: torch.memory_format) -> None:
    # D(x) = w . x + 7 has the gradient w everywhere. Every one of the 2 * 4 * 4 entries of w is 0.5: |w| = sqrt(8).
    weight = torch.full((2, 4, 4), 0.5, dtype=dtype, requires_grad=True)
    real_images, fake_images, mix = images_and_mix(3, 2, 4, dtype)
    penalty = wgan_gp(
        linear_discriminator(weight),
        real_images.to(memory_format=memory_format),
        fake_images.to(memory_format=memory_format),
        mix,
    )
    assert penalty.dtype == dtype
    assert penalty.item() == pytest.approx((8**0.5 - 1) ** 2, rel=1e-6)
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w|
    (gradient,) = torch.autograd.grad(penalty, weight)
    torch.testing.assert_close(gradient, 2 * (8**0.5 - 1) * weight.detach() / 8**0.5, rtol=1e-6, atol=0)


def test_wgan_gp_looks_at_the_mixed_points() -> None:
    # D(x) = |x|^2 / 2 has the gradient x. Four pixels of value v have the norm 2 |v|. With real 2, generated 0 and
    # the shares 1 and 1/4 of the real image, v is 2 and 1/2: ((4 - 1)^2 + (1 - 1)^2) / 2. Swapped shares: 2.5.
    penalty = wgan_gp(
        lambda images: images.square().sum(dim=(1, 2, 3)) / 2,
        torch.full((2, 1, 2, 2), 2.0),
        torch.zeros(2, 1, 2, 2),
        torch.tensor([1.0, 0.25]).reshape(2, 1, 1, 1),
    )
    assert penalty.item() == pytest.approx(4.5, rel=1e-6)


def test_wgan_gp_has_a_gradient_where_the_discriminator_is_flat() -> None:
    weight = torch.zeros(1, 2, 2, requires_grad=True)
    penalty = wgan_gp(linear_discriminator(weight), *images_and_mix(3, 1, 2, torch.float32))
    penalty.backward()
    assert penalty.item() == 1.0
    assert weight.grad is not None
    assert torch.equal(weight.grad, torch.zeros_like(weight))


def test_wgan_gp_does_not_reach_the_generator() -> None:
    real_images, fake_images, mix = images_and_mix(3, 1, 2, torch.float32)
    weight = torch.ones(1, 2, 2, requires_grad=True)
    fake_images.requires_grad_()
    wgan_gp(lambda images: (images.square() * weight).sum(dim=(1, 2, 3)), real_images, fake_images, mix).backward()
    assert weight.grad is not None
    assert fake_images.grad is None


@pytest.mark.parametrize("name", names.NETWORKS)
def test_wgan_gp_gradients_of_the_networks_agree_with_differences(name: names.NetworkName) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(name=name, width=4, discriminator_norm="none")
    discriminator = build_networks(config, image_size=16, num_channels=2, z_dim=3)[1].double()
    batch = images_and_mix(5, 2, 16, torch.float64)
    parameters = list(discriminator.parameters())
    gradients = torch.autograd.grad(wgan_gp(discriminator, *batch), parameters, allow_unused=True)
    # Biases shift the logits and so move only the kinks of the activations: their gradient is 0 or absent.
    directions = [torch.randn_like(parameter) for parameter in parameters]
    slope = sum(
        (gradient * direction).sum().item()
        for gradient, direction in zip(gradients, directions, strict=True)
        if gradient is not None
    )
    step = 1e-7
    values = []
    for sign in (1, -2):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter += sign * step * direction
        values.append(wgan_gp(discriminator, *batch).item())
    assert slope == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-5)


def test_weights_are_clipped_and_buffers_are_not() -> None:
    discriminator = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        discriminator[0].weight.copy_(torch.tensor([[-3.0, -0.1], [0.25, 0.26]]))
        discriminator[0].bias.copy_(torch.tensor([0.0, 5.0]))
    weight = discriminator[0].weight
    clip_weights_(discriminator, 0.25)
    assert discriminator[0].weight is weight
    assert torch.equal(weight, torch.tensor([[-0.25, -0.1], [0.25, 0.25]]))
    assert torch.equal(discriminator[0].bias, torch.tensor([0.0, 0.25]))
    assert torch.equal(discriminator[1].weight, torch.full((2,), 0.25))
    assert torch.equal(discriminator[1].running_var, torch.ones(2))
    assert all(parameter.requires_grad for parameter in discriminator.parameters())
