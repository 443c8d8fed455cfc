import pytest
import torch
from torch import nn

from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.gan.networks.infogan import infogan_discriminator, infogan_generator


def layers(network: nn.Module) -> list[str]:
    """Layers with weights as their type and the weight's shape, others as their type; norms with their features."""
    return [
        f"{type(layer).__name__} {'x'.join(map(str, layer.get_parameter('weight').shape))}"
        f"{'' if layer.bias is None else ' bias'}"
        if list(layer.parameters())
        else type(layer).__name__
        for layer in network.children()
    ]


def num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("image_size", "start_size"), [(28, 7), (32, 8), (64, 16)])
def test_generator_layers(image_size: int, start_size: int) -> None:
    # The layers that compare_gan v1 lists, at width 64.
    num_start = 128 * start_size**2
    assert layers(infogan_generator(NetworkConfig(name="infogan"), image_size, num_channels=3, z_dim=5)) == [
        "Linear 1024x5",
        "BatchNorm1d 1024 bias",
        "LeakyReLU",
        f"Linear {num_start}x1024",
        f"BatchNorm1d {num_start} bias",
        "LeakyReLU",
        "Unflatten",
        "ConvTranspose2d 128x64x4x4",
        "BatchNorm2d 64 bias",
        "LeakyReLU",
        "ConvTranspose2d 64x3x4x4 bias",
        "Tanh",
    ]


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_discriminator_layers(norm: NormName) -> None:
    config = NetworkConfig(name="infogan", discriminator_norm=norm)
    bias = "" if norm == "batch" else " bias"
    norms = {"batch": ("BatchNorm2d", "BatchNorm1d"), "layer": ("GroupNorm", "LayerNorm"), "none": ()}[norm]
    norm_2d, norm_1d = (
        [f"{name} {size} bias"] if norms else [] for name, size in zip(norms or ("", ""), (128, 1024), strict=True)
    )
    assert layers(infogan_discriminator(config, image_size=28, num_channels=1)) == [
        "Conv2d 64x1x4x4 bias",
        "LeakyReLU",
        f"Conv2d 128x64x4x4{bias}",
        *norm_2d,
        "LeakyReLU",
        "Flatten",
        f"Linear 1024x6272{bias}",
        *norm_1d,
        "LeakyReLU",
        "Linear 1x1024 bias",
        "Flatten",
    ]


def test_width_scales_every_layer() -> None:
    # Twice as wide: four times the weights between hidden layers, twice those to and from the outside.
    config = NetworkConfig(name="infogan", width=2)
    generator, discriminator = infogan_generator(config, 28, 1, z_dim=5), infogan_discriminator(config, 28, 1)
    assert num_parameters(generator) == 5 * 32 + 32 * 196 + 16 * (4 * 2 + 2) + 1 + 2 * (32 + 196 + 2)
    assert num_parameters(discriminator) == 16 * (2 + 2 * 4) + 2 + 196 * 32 + 32 + 1 + 2 * (4 + 32)


def test_initial_weights() -> None:
    torch.manual_seed(0)
    config = NetworkConfig(name="infogan", discriminator_norm="none")
    for network in (infogan_generator(config, 28, 1, z_dim=64), infogan_discriminator(config, 28, 1)):
        for layer in network.children():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                num = layer.weight.numel()
                # Five standard errors of the mean and of the standard deviation of that many N(0, 0.02) numbers.
                assert layer.weight.mean().item() == pytest.approx(0, abs=5 * 0.02 / num**0.5)
                assert layer.weight.std().item() == pytest.approx(0.02, rel=5 / (2 * num) ** 0.5)
                assert layer.bias is None or torch.equal(layer.bias, torch.zeros_like(layer.bias))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(AssertionError, match="image_size=16"):
        infogan_discriminator(NetworkConfig(name="infogan"), image_size=16, num_channels=1)
