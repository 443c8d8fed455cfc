"""The networks of InfoGAN (Chen et al. 2016, appendix C.1) in the form of Lucic et al. 2018.

Layers and initialisation are those of the latter's code (github.com/google/compare_gan, branch v1,
gans/abstract_gan.py), which has width 64; here `width` scales every layer. The generator ends in tanh rather than the
sigmoid because images are in [-1, 1]. Layers before a batch norm have no bias, since batch norm would cancel it.
Further convolutions and self-attention follow the activation of their size.
"""

from functools import partial

from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.gan.networks.attention import attention_at
from gan_study.gan.networks.layers import (
    activation,
    further_convolutions,
    initialise_normal_,
    norm_1d,
    norm_2d,
    upsampling,
)

_HIDDEN = 16
"""Units of the hidden fully connected layer for each channel next to the image: 1024 at width 64."""


def infogan_generator(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> nn.Module:
    """The generator, as `build_networks` describes it, for 28, 32 or 64 pixels."""
    width, norm, start_size = config.generator_width, config.g_norm, _quarter(image_size)
    act, bias = partial(activation, config.activation, "leaky_relu"), norm != "batch"
    num_start = 2 * width * start_size**2
    return nn.Sequential(
        nn.Linear(z_dim, _HIDDEN * width, bias=bias),
        *norm_1d(norm, _HIDDEN * width),
        act(),
        nn.Linear(_HIDDEN * width, num_start, bias=bias),
        *norm_1d(norm, num_start),
        act(),
        nn.Unflatten(1, (2 * width, start_size, start_size)),
        *further_convolutions(config.depth, 2 * width, norm, act),
        *attention_at(config.attention, start_size, 2 * width),
        *upsampling(config.upsample, 2 * width, width, bias),
        *norm_2d(norm, width),
        act(),
        *further_convolutions(config.depth, width, norm, act),
        *attention_at(config.attention, 2 * start_size, width),
        *upsampling(config.upsample, width, num_channels, bias=True),
        nn.Tanh(),
    ).apply(initialise_normal_)


def infogan_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for 28, 32 or 64 pixels."""
    width, norm, end_size = config.discriminator_width, config.discriminator_norm, _quarter(image_size)
    act, bias = partial(activation, config.activation, "leaky_relu"), norm != "batch"
    return nn.Sequential(
        nn.Conv2d(num_channels, width, kernel_size=4, stride=2, padding=1),
        act(),
        *further_convolutions(config.depth, width, norm, act),
        *attention_at(config.attention, 2 * end_size, width),
        nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1, bias=bias),
        *norm_2d(norm, 2 * width),
        act(),
        *further_convolutions(config.depth, 2 * width, norm, act),
        *attention_at(config.attention, end_size, 2 * width),
        nn.Flatten(),
        nn.Linear(2 * width * end_size**2, _HIDDEN * width, bias=bias),
        *norm_1d(norm, _HIDDEN * width),
        act(),
        nn.Linear(_HIDDEN * width, 1),
        nn.Flatten(start_dim=0),
    ).apply(initialise_normal_)


def _quarter(image_size: int) -> int:
    sizes = NETWORK_IMAGE_SIZES["infogan"]
    assert sizes is not None
    assert image_size in sizes, f"infogan has no layers for {image_size=}"
    return image_size // 4
