"""The networks of InfoGAN (Chen et al. 2016, appendix C.1) in the form of Lucic et al. 2018.

Layers and initialisation are those of the latter's code (github.com/google/compare_gan, branch v1,
gans/abstract_gan.py), which has width 64; here `width` scales every layer. The generator ends in tanh rather than the
sigmoid because images are in [-1, 1]. Layers before a batch norm have no bias, since batch norm would cancel it.
"""

from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.gan.networks.layers import initialise_normal_, norm_1d, norm_2d

_HIDDEN = 16
"""Units of the hidden fully connected layer for each channel next to the image: 1024 at width 64."""


def infogan_generator(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> nn.Module:
    """The generator, as `build_networks` describes it, for 28, 32 or 64 pixels."""
    width, start_size = config.width, _quarter(image_size)
    start_shape = (2 * width, start_size, start_size)
    num_start = 2 * width * start_size**2
    return nn.Sequential(
        nn.Linear(z_dim, _HIDDEN * width, bias=False),
        nn.BatchNorm1d(_HIDDEN * width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(_HIDDEN * width, num_start, bias=False),
        nn.BatchNorm1d(num_start),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Unflatten(1, start_shape),
        nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.ConvTranspose2d(width, num_channels, kernel_size=4, stride=2, padding=1),
        nn.Tanh(),
    ).apply(initialise_normal_)


def infogan_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for 28, 32 or 64 pixels."""
    width, norm, end_size = config.width, config.discriminator_norm, _quarter(image_size)
    bias = norm != "batch"
    return nn.Sequential(
        nn.Conv2d(num_channels, width, kernel_size=4, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(width, 2 * width, kernel_size=4, stride=2, padding=1, bias=bias),
        *norm_2d(norm, 2 * width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Flatten(),
        nn.Linear(2 * width * end_size**2, _HIDDEN * width, bias=bias),
        *norm_1d(norm, _HIDDEN * width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(_HIDDEN * width, 1),
        nn.Flatten(start_dim=0),
    ).apply(initialise_normal_)


def _quarter(image_size: int) -> int:
    sizes = NETWORK_IMAGE_SIZES["infogan"]
    assert sizes is not None
    assert image_size in sizes, f"infogan has no layers for {image_size=}"
    return image_size // 4
