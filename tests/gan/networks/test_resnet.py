from itertools import pairwise

import pytest
import torch
from support.present import present
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, relu

from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.gan.networks.resnet import Residual, resnet_discriminator, resnet_generator


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def shapes(network: nn.Module, kernel_size: int) -> list[tuple[int, int]]:
    return [(c.in_channels, c.out_channels) for c in convolutions(network) if c.kernel_size == (kernel_size,) * 2]


@pytest.mark.parametrize(("image_size", "widths"), [(32, [3, 6, 12]), (64, [3, 6, 12, 24]), (128, [3, 6, 12, 24, 48])])
def test_one_block_for_each_halving(image_size: int, widths: list[int]) -> None:
    config = NetworkConfig(name="resnet", width=3, discriminator_norm="none")
    generator, discriminator = (
        resnet_generator(config, image_size, 2, z_dim=5),
        resnet_discriminator(config, image_size, 2),
    )
    top = widths[-1]
    up = list(zip([top, *widths[:0:-1]], widths[::-1], strict=True))
    assert shapes(generator, 1) == up
    assert shapes(generator, 3) == [
        pair for num_in, num_out in up for pair in ((num_in, num_out), (num_out, num_out))
    ] + [(3, 2)]
    down = list(pairwise(widths))
    assert shapes(discriminator, 1) == [(2, 3), *down]
    hidden = [pair for num_in, num_out in down for pair in ((num_in, num_in), (num_in, num_out))]
    assert shapes(discriminator, 3) == [(2, 3), (3, 3), *hidden, (top, top), (top, top)]
    # The last block sees 4x4 pixels.
    sizes = []
    next(m for m in list(discriminator.children())[::-1] if isinstance(m, Residual)).register_forward_hook(
        lambda _, inputs, output: sizes.extend([inputs[0].shape, output.shape])
    )
    discriminator(torch.zeros(2, 2, image_size, image_size))
    assert sizes == [(2, top, 4, 4)] * 2


def test_as_many_parameters_as_sngan_s_networks_for_128_pixels() -> None:
    # sngan_projection without classes: gen_models/resnet.py (z 128) and dis_models/snresnet_128.py, both 64 wide.
    config = NetworkConfig(name="resnet", discriminator_norm="none")
    generator, discriminator = resnet_generator(config, 128, 3, z_dim=128), resnet_discriminator(config, 128, 3)
    up = [(1024, 1024), (1024, 512), (512, 256), (256, 128), (128, 64)]
    # Two kernels and the shortcut's, two batch norms; here no biases, of which theirs has three each.
    blocks = sum(9 * (i * o + o * o) + i * o + 2 * (i + o) for i, o in up)
    assert sum(p.numel() for p in generator.parameters()) == 129 * 1024 * 16 + blocks + 2 * 64 + 9 * 64 * 3 + 3
    down = [(64, 128), (128, 256), (256, 512), (512, 1024)]
    first = 9 * (3 * 64 + 64 * 64) + 3 * 64 + 3 * 64
    blocks = sum(9 * (i * i + i * o) + i * o + i + 2 * o for i, o in down)
    last = 2 * (9 * 1024**2 + 1024)
    assert sum(p.numel() for p in discriminator.parameters()) == first + blocks + last + 1025


def test_a_block_up_and_a_block_down() -> None:
    """The blocks written out, with the resizing at SNGAN's places."""
    torch.manual_seed(0)
    config = NetworkConfig(name="resnet", width=2, discriminator_norm="none")
    generator, discriminator = (
        n.double() for n in (resnet_generator(config, 32, 1, 5), resnet_discriminator(config, 32, 1))
    )
    features = torch.randn(3, 8, 4, 4, dtype=torch.float64)

    def normed(values: Tensor) -> Tensor:
        mean, variance = values.mean((0, 2, 3), keepdim=True), values.var((0, 2, 3), correction=0, keepdim=True)
        return (values - mean) / (variance + 1e-5).sqrt()

    block = generator.get_submodule("2")
    first, second, shortcut = (c.weight for c in convolutions(block))
    h = conv2d(interpolate(relu(normed(features)), scale_factor=2), first, padding=1)
    h = conv2d(relu(normed(h)), second, padding=1)
    torch.testing.assert_close(block(features), h + conv2d(interpolate(features, scale_factor=2), shortcut))

    features = torch.randn(3, 2, 16, 16, dtype=torch.float64)
    block = discriminator.get_submodule("1")
    (first, second, shortcut), biases = (
        (c.weight for c in convolutions(block)),
        [torch.randn(n).double() for n in (2, 4, 4)],
    )
    for convolution, bias in zip(convolutions(block), biases, strict=True):
        present(convolution.bias).data.copy_(bias)
    h = conv2d(relu(conv2d(relu(features), first, biases[0], padding=1)), second, biases[1], padding=1)
    expected = avg_pool2d(h, 2) + avg_pool2d(conv2d(features, shortcut, biases[2]), 2)
    torch.testing.assert_close(block(features), expected)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_norms_of_the_discriminator(norm: NormName) -> None:
    config = NetworkConfig(name="resnet", width=2, discriminator_norm=norm)
    layers = [type(layer).__name__ for layer in resnet_discriminator(config, 32, 1).modules()]
    one = {"batch": ["BatchNorm2d"], "layer": ["GroupNorm"], "none": []}[norm]
    kinds = ("Conv2d", "ReLU", "AvgPool2d", "BatchNorm2d", "GroupNorm")
    first = ["Conv2d", "ReLU", "Conv2d", "AvgPool2d", "AvgPool2d", "Conv2d"]
    residual = [*one, "ReLU", "Conv2d", *one, "ReLU", "Conv2d"]
    down = [*residual, "AvgPool2d", "AvgPool2d", "Conv2d"]
    assert [name for name in layers if name in kinds] == [*first, *down, *down, *residual, "ReLU"]


def test_initial_weights() -> None:
    torch.manual_seed(0)
    config = NetworkConfig(name="resnet", width=32, discriminator_norm="none")
    for network in (resnet_generator(config, 32, 3, z_dim=64), resnet_discriminator(config, 32, 3)):
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
        for layer in layers:
            inside_block = isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3) and layer.out_channels != 3
            fan_in, fan_out = layer.weight[0].numel(), layer.weight.numel() // layer.weight.shape[1]
            # Glorot's uniform numbers have the variance gain^2 * 2 / (fan_in + fan_out); the gain is sqrt(2) within.
            std = ((2 if inside_block else 1) * 2 / (fan_in + fan_out)) ** 0.5
            # The standard error of the variance of n uniform numbers is 0.9 / sqrt(n) of it: five of the deviation's.
            assert layer.weight.std().item() == pytest.approx(std, rel=5 * 0.45 / layer.weight.numel() ** 0.5)
            assert layer.weight.abs().max().item() <= std * 3**0.5
            assert layer.bias is None or torch.equal(layer.bias, torch.zeros_like(layer.bias))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(AssertionError, match="image_size=28"):
        resnet_generator(NetworkConfig(name="resnet"), image_size=28, num_channels=1, z_dim=5)
