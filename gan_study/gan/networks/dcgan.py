"""DCGAN: strided convolutions with batch norm. Radford et al. 2015, section 3.

The layers, their order and their initialisation are those of the official PyTorch example
(github.com/pytorch/examples, dcgan/main.py), which at 64 pixels, width 64, z_dim 100 has as many parameters.
Each halving of the image adds one layer with twice the channels: 128 pixels have 16 * width at the 4x4 end.
"""

from itertools import pairwise

from torch import nn

from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.config.training import NetworkConfig

_START_SIZE = 4


def build_dcgan(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator, as `build_networks` describes them, for 16, 32, 64 or 128 pixels."""
    sizes = NETWORK_IMAGE_SIZES["dcgan"]
    assert sizes is not None
    assert image_size in sizes, f"dcgan has no layers for {image_size=}"
    num_halvings = (image_size // _START_SIZE).bit_length() - 1
    widths = [config.width * 2**i for i in range(num_halvings)]
    generator = _generator(widths[::-1], num_channels, z_dim).apply(_initialise_)
    discriminator = _discriminator(widths, num_channels, with_norm=config.discriminator_norm == "batch")
    return generator, discriminator.apply(_initialise_)


def _generator(widths: list[int], num_channels: int, z_dim: int) -> nn.Module:
    layers: list[nn.Module] = [
        nn.Unflatten(1, (z_dim, 1, 1)),
        nn.ConvTranspose2d(z_dim, widths[0], kernel_size=_START_SIZE, bias=False),
    ]
    for num_in, num_out in pairwise([*widths, num_channels]):
        layers += [
            nn.BatchNorm2d(num_in),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(num_in, num_out, kernel_size=4, stride=2, padding=1, bias=False),
        ]
    return nn.Sequential(*layers, nn.Tanh())


def _discriminator(widths: list[int], num_channels: int, with_norm: bool) -> nn.Module:
    # Batch norm takes a bias away again. The first and the last layer have none either, like the example's.
    bias = not with_norm
    layers: list[nn.Module] = [
        nn.Conv2d(num_channels, widths[0], kernel_size=4, stride=2, padding=1, bias=bias),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    for num_in, num_out in pairwise(widths):
        layers.append(nn.Conv2d(num_in, num_out, kernel_size=4, stride=2, padding=1, bias=bias))
        if with_norm:
            layers.append(nn.BatchNorm2d(num_out))
        layers.append(nn.LeakyReLU(0.2, inplace=True))
    layers += [nn.Conv2d(widths[-1], 1, kernel_size=_START_SIZE, bias=bias), nn.Flatten(start_dim=0)]
    return nn.Sequential(*layers)


def _initialise_(module: nn.Module) -> None:
    """Draw one layer's weights in place: N(0, 0.02) for convolutions, N(1, 0.02) for batch norm; biases are 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, mean=1.0 if isinstance(module, nn.BatchNorm2d) else 0.0, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
