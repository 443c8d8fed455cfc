import pytest
import torch
from torch import nn

from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.gan.networks.dcgan import dcgan_discriminator, dcgan_generator


def layer_names(network: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in network.children()]


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_as_many_parameters_as_the_official_example() -> None:
    # github.com/pytorch/examples dcgan/main.py with nz=100, ngf=ndf=64, nc=1: 4x4 kernels without bias, and two
    # numbers for each channel of a batch norm.
    config = NetworkConfig(name="dcgan", width=64)
    generator, discriminator = dcgan_generator(config, 64, 1, z_dim=100), dcgan_discriminator(config, 64, 1)
    convolutions = 16 * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 1)
    assert num_parameters(generator) == convolutions + 2 * (512 + 256 + 128 + 64) == 3_574_656
    convolutions = 16 * (1 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1)
    assert num_parameters(discriminator) == convolutions + 2 * (128 + 256 + 512) == 2_763_520


@pytest.mark.parametrize(
    ("image_size", "widths"), [(16, [3, 6]), (32, [3, 6, 12]), (64, [3, 6, 12, 24]), (128, [3, 6, 12, 24, 48])]
)
def test_channels_double_towards_the_4x4_end(image_size: int, widths: list[int]) -> None:
    config = NetworkConfig(name="dcgan", width=3)
    generator, discriminator = (
        dcgan_generator(config, image_size, 2, z_dim=5),
        dcgan_discriminator(config, image_size, 2),
    )
    transposed = [layer for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert [layer.in_channels for layer in transposed] == [5, *widths[::-1]]
    assert [layer.out_channels for layer in transposed] == [*widths[::-1], 2]
    strided = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.in_channels for layer in strided] == [2, *widths]
    assert [layer.out_channels for layer in strided] == [*widths, 1]


def test_generator_layers() -> None:
    generator = dcgan_generator(NetworkConfig(name="dcgan", width=2), image_size=16, num_channels=1, z_dim=5)
    block = ["ConvTranspose2d", "BatchNorm2d", "ReLU"]
    assert layer_names(generator) == ["Unflatten", *block, *block, "ConvTranspose2d", "Tanh"]
    assert all(layer.bias is None for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d))


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_discriminator_layers(norm: NormName) -> None:
    config = NetworkConfig(name="dcgan", width=2, discriminator_norm=norm)
    discriminator = dcgan_discriminator(config, image_size=32, num_channels=1)
    block = ["Conv2d", *{"batch": ["BatchNorm2d"], "layer": ["GroupNorm"], "none": []}[norm], "LeakyReLU"]
    assert layer_names(discriminator) == ["Conv2d", "LeakyReLU", *block, *block, "Conv2d", "Flatten"]
    slopes = {layer.negative_slope for layer in discriminator.modules() if isinstance(layer, nn.LeakyReLU)}
    assert slopes == {0.2}
    has_bias = {layer.bias is not None for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)}
    assert has_bias == {norm != "batch"}


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_initial_weights(norm: NormName) -> None:
    torch.manual_seed(0)
    config = NetworkConfig(name="dcgan", width=64, discriminator_norm=norm)
    for network in (dcgan_generator(config, 64, 3, z_dim=100), dcgan_discriminator(config, 64, 3)):
        for layer in network.children():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
                mean = 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0
                num = layer.weight.numel()
                # Five standard errors of the mean and of the standard deviation of that many N(mean, 0.02) numbers.
                assert layer.weight.mean().item() == pytest.approx(mean, abs=5 * 0.02 / num**0.5)
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / (2 * num) ** 0.5)
                if layer.bias is not None:
                    assert torch.equal(layer.bias, torch.zeros_like(layer.bias))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(AssertionError, match="image_size=24"):
        dcgan_generator(NetworkConfig(name="dcgan"), image_size=24, num_channels=1, z_dim=5)
