"""DCGAN: strided convolutions with batch norm. Radford et al. 2015, section 3.

The layers, their order and their initialisation are those of the official PyTorch example (github.com/pytorch/examples,
dcgan/main.py), with equally many parameters at 64 pixels, width 64 and z_dim 100. Each halving of the image adds one
layer with twice the channels: 128 pixels have 16 * width at the 4x4 end. Further convolutions and self-attention follow
the activation of their size.
"""

from functools import partial
from itertools import pairwise

from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.gan.networks.attention import attention_at
from gan_study.gan.networks.layers import activation, further_convolutions, initialise_normal_, norm_2d, upsampling

_START_SIZE = 4


def dcgan_generator(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> nn.Module:
    """The generator, as `build_networks` describes it, for 16, 32, 64 or 128 pixels."""
    widths, norm = _widths(config.generator_width, image_size)[::-1], config.g_norm
    act = partial(activation, config.activation, "relu")
    # Batch norm would cancel a bias. The first and the last layer have none either, as in the example.
    bias = norm != "batch"
    layers: list[nn.Module] = [
        nn.Unflatten(1, (z_dim, 1, 1)),
        nn.ConvTranspose2d(z_dim, widths[0], kernel_size=_START_SIZE, bias=bias),
    ]
    for i, (num_in, num_out) in enumerate(pairwise([*widths, num_channels])):
        layers += [
            *norm_2d(norm, num_in),
            act(),
            *further_convolutions(config.depth, num_in, norm, act),
            *attention_at(config.attention, _START_SIZE * 2**i, num_in),
            *upsampling(config.upsample, num_in, num_out, bias),
        ]
    return nn.Sequential(*layers, nn.Tanh()).apply(_initialise_)


def dcgan_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for 16, 32, 64 or 128 pixels."""
    widths, norm = _widths(config.discriminator_width, image_size), config.discriminator_norm
    act = partial(activation, config.activation, "leaky_relu")
    bias = norm != "batch"
    layers: list[nn.Module] = []
    for i, (num_in, num_out) in enumerate(pairwise([num_channels, *widths])):
        layers += [
            nn.Conv2d(num_in, num_out, kernel_size=4, stride=2, padding=1, bias=bias),
            *(norm_2d(norm, num_out) if i else []),
            act(),
            *further_convolutions(config.depth, num_out, norm, act),
            *attention_at(config.attention, image_size // 2 ** (i + 1), num_out),
        ]
    layers += [nn.Conv2d(widths[-1], 1, kernel_size=_START_SIZE, bias=bias), nn.Flatten(start_dim=0)]
    return nn.Sequential(*layers).apply(_initialise_)


def _widths(width: int, image_size: int) -> list[int]:
    sizes = NETWORK_IMAGE_SIZES["dcgan"]
    assert sizes is not None
    assert image_size in sizes, f"dcgan has no layers for {image_size=}"
    num_halvings = (image_size // _START_SIZE).bit_length() - 1
    return [width * 2**i for i in range(num_halvings)]


def _initialise_(layer: nn.Module) -> None:
    initialise_normal_(layer)
    if isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, mean=1.0, std=0.02)
