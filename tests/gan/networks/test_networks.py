"""What holds for every network."""

from typing import Literal

import pytest
import torch
from torch import nn

from gan_study.config import names
from gan_study.config.training import NetworkConfig
from gan_study.gan.networks import NETWORKS, build_networks

Norm = Literal["batch", "none"]
Z_DIM = 6
SIZES = [(name, image_size) for name in names.NETWORKS for image_size in names.NETWORK_IMAGE_SIZES[name] or (8, 16, 17)]


def small_networks(
    name: names.NetworkName, image_size: int = 16, num_channels: int = 1, norm: Norm = "batch", seed: int = 0
) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    return build_networks(
        NetworkConfig(name=name, width=4, discriminator_norm=norm), image_size, num_channels, z_dim=Z_DIM
    )


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(NETWORKS) == set(names.NETWORKS)


@pytest.mark.parametrize(("name", "image_size"), SIZES)
@pytest.mark.parametrize("num_channels", [1, 3])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_shapes_range_and_gradients(name: names.NetworkName, image_size: int, num_channels: int, norm: Norm) -> None:
    generator, discriminator = small_networks(name, image_size, num_channels, norm)
    images = generator(torch.randn(5, Z_DIM))
    assert images.shape == (5, num_channels, image_size, image_size)
    logits = discriminator(images)
    assert logits.shape == (5,)
    logits.square().sum().backward()
    for network in (generator, discriminator):
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.abs().max().item() > 0, parameter_name


@pytest.mark.parametrize("name", names.NETWORKS)
def test_images_fill_the_range_and_never_leave_it(name: names.NetworkName) -> None:
    generator, _ = small_networks(name)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter *= 1000
        images = generator(torch.randn(16, Z_DIM))
    assert (images.min().item(), images.max().item()) == (-1, 1)


@pytest.mark.parametrize("name", names.NETWORKS)
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_without_norm_a_logit_depends_on_its_own_image_alone(name: names.NetworkName, norm: Norm) -> None:
    _, discriminator = small_networks(name, norm=norm)
    images = torch.rand(5, 1, 16, 16) * 2 - 1
    changed = images.clone()
    changed[1:] *= -1
    same = torch.equal(discriminator(images)[0], discriminator(changed)[0])
    assert same is (norm == "none")


@pytest.mark.parametrize("name", names.NETWORKS)
def test_weights_follow_from_the_seed(name: names.NetworkName) -> None:
    first, again, other = (small_networks(name, seed=seed) for seed in (1, 1, 2))
    for network, network_again, network_other in zip(first, again, other, strict=True):
        for parameter, parameter_again in zip(network.parameters(), network_again.parameters(), strict=True):
            assert torch.equal(parameter, parameter_again)
        assert not torch.equal(next(network.parameters()), next(network_other.parameters()))


@pytest.mark.parametrize("name", names.NETWORKS)
def test_memory_layout_changes_nothing(name: names.NetworkName) -> None:
    generator, discriminator = (network.double() for network in small_networks(name, num_channels=3))
    z = torch.randn(5, Z_DIM, dtype=torch.float64)
    images = generator(z)
    logits = discriminator(images)
    generator, discriminator = (network.to(memory_format=torch.channels_last) for network in (generator, discriminator))
    torch.testing.assert_close(generator(z), images, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(
        discriminator(images.to(memory_format=torch.channels_last)), logits, rtol=1e-9, atol=1e-12
    )
