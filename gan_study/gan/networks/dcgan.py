"""DCGAN: strided convolutions with batch norm. Radford et al. 2015, section 3.

The layers, their order and their initialisation are those of the official PyTorch example (github.com/pytorch/examples,
dcgan/main.py), with equally many parameters at 64 pixels, width 64 and z_dim 100. Each halving of the image adds one
layer with twice the channels: 128 pixels have 16 * width at the 4x4 end.
"""

from itertools import pairwise

from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.gan.networks.layers import initialise_normal_, norm_2d

_START_SIZE = 4


def dcgan_generator(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> nn.Module:
    """The generator, as `build_networks` describes it, for 16, 32, 64 or 128 pixels."""
    widths = _widths(config, image_size)[::-1]
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
    return nn.Sequential(*layers, nn.Tanh()).apply(_initialise_)


def dcgan_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for 16, 32, 64 or 128 pixels."""
    widths, norm = _widths(config, image_size), config.discriminator_norm
    # Batch norm would cancel a bias. The first and the last layer have none either, as in the example.
    bias = norm != "batch"
    layers: list[nn.Module] = [
        nn.Conv2d(num_channels, widths[0], kernel_size=4, stride=2, padding=1, bias=bias),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    for num_in, num_out in pairwise(widths):
        layers += [
            nn.Conv2d(num_in, num_out, kernel_size=4, stride=2, padding=1, bias=bias),
            *norm_2d(norm, num_out),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    layers += [nn.Conv2d(widths[-1], 1, kernel_size=_START_SIZE, bias=bias), nn.Flatten(start_dim=0)]
    return nn.Sequential(*layers).apply(_initialise_)


def _widths(config: NetworkConfig, image_size: int) -> list[int]:
    sizes = NETWORK_IMAGE_SIZES["dcgan"]
    assert sizes is not None
    assert image_size in sizes, f"dcgan has no layers for {image_size=}"
    num_halvings = (image_size // _START_SIZE).bit_length() - 1
    return [config.width * 2**i for i in range(num_halvings)]


def _initialise_(layer: nn.Module) -> None:
    initialise_normal_(layer)
    if isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, mean=1.0, std=0.02)
