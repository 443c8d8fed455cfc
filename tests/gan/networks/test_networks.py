"""Properties of every network."""

import pytest
import torch
from torch import nn

from gan_study.config import names
from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.gan.networks import NETWORKS, build_networks

Z_DIM = 6
SIZES = [(name, image_size) for name in names.NETWORKS for image_size in names.NETWORK_IMAGE_SIZES[name] or (8, 16, 17)]
SMALLEST = dict(reversed(SIZES))
"""The smallest image size of each network."""


def small_networks(
    name: names.NetworkName,
    image_size: int,
    num_channels: int = 1,
    norm: NormName = "batch",
    spectral_norm: bool = False,
    seed: int = 0,
    pac: int = 1,
) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    config = NetworkConfig(name=name, width=4, discriminator_norm=norm, spectral_norm=spectral_norm)
    return build_networks(config, image_size, num_channels, Z_DIM, pac)


def test_the_names_are_those_a_study_may_use() -> None:
    assert set(NETWORKS) == set(names.NETWORKS)


def assert_shapes_range_and_gradients(networks: tuple[nn.Module, nn.Module], shape: tuple[int, int, int]) -> None:
    generator, discriminator = networks
    images = generator(torch.randn(5, Z_DIM))
    assert images.shape == (5, *shape)
    logits = discriminator(images)
    assert logits.shape == (5,)
    logits.square().sum().backward()
    for network in (generator, discriminator):
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.abs().max().item() > 0, parameter_name


@pytest.mark.parametrize(("name", "image_size"), SIZES)
@pytest.mark.parametrize("num_channels", [1, 3])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_shapes_range_and_gradients(
    name: names.NetworkName, image_size: int, num_channels: int, norm: NormName
) -> None:
    networks = small_networks(name, image_size, num_channels, norm)
    assert_shapes_range_and_gradients(networks, (num_channels, image_size, image_size))


@pytest.mark.parametrize("name", names.NETWORKS)
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("spectral_norm", [False, True])
def test_every_norm_goes_with_spectral_norm(name: names.NetworkName, norm: NormName, spectral_norm: bool) -> None:
    size = SMALLEST[name]
    assert_shapes_range_and_gradients(small_networks(name, size, 1, norm, spectral_norm), (1, size, size))


@pytest.mark.parametrize("name", names.NETWORKS)
def test_the_discriminator_judges_stacks_of_images(name: names.NetworkName) -> None:
    size = SMALLEST[name]
    generator, discriminator = small_networks(name, size, num_channels=3, pac=2)
    assert generator(torch.randn(4, Z_DIM)).shape == (4, 3, size, size)
    assert discriminator(torch.randn(2, 6, size, size)).shape == (2,)


@pytest.mark.parametrize("name", names.NETWORKS)
def test_images_fill_the_range_and_never_leave_it(name: names.NetworkName) -> None:
    generator, _ = small_networks(name, SMALLEST[name])
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1000)
        images = generator(torch.randn(16, Z_DIM))
    assert (images.min().item(), images.max().item()) == (-1, 1)


@pytest.mark.parametrize("name", names.NETWORKS)
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_without_batch_norm_a_logit_depends_on_its_own_image_alone(name: names.NetworkName, norm: NormName) -> None:
    size = SMALLEST[name]
    _, discriminator = (network.double() for network in small_networks(name, size, norm=norm))
    images = torch.rand(5, 1, size, size, dtype=torch.float64) * 2 - 1
    changed = images.clone()
    changed[1:] *= -1
    difference = (discriminator(images)[0] - discriminator(changed)[0]).abs().item()
    # Sums in another order round otherwise.
    assert (difference < 1e-12) is (norm != "batch")


@pytest.mark.parametrize("name", names.NETWORKS)
def test_weights_follow_from_the_seed(name: names.NetworkName) -> None:
    first, again, other = (small_networks(name, SMALLEST[name], seed=seed) for seed in (1, 1, 2))
    for network, network_again, network_other in zip(first, again, other, strict=True):
        for parameter, parameter_again in zip(network.parameters(), network_again.parameters(), strict=True):
            assert torch.equal(parameter, parameter_again)
        assert not torch.equal(next(network.parameters()), next(network_other.parameters()))


@pytest.mark.parametrize("name", names.NETWORKS)
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_memory_layout_changes_nothing(name: names.NetworkName, norm: NormName) -> None:
    networks = small_networks(name, SMALLEST[name], num_channels=3, norm=norm)
    generator, discriminator = (network.double() for network in networks)
    z = torch.randn(5, Z_DIM, dtype=torch.float64)
    images = generator(z)
    logits = discriminator(images)
    generator, discriminator = (network.to(memory_format=torch.channels_last) for network in (generator, discriminator))
    torch.testing.assert_close(generator(z), images, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(
        discriminator(images.to(memory_format=torch.channels_last)), logits, rtol=1e-9, atol=1e-12
    )
