"""Residual networks with the blocks of WGAN-GP (Gulrajani et al. 2017, appendix) and SNGAN (Miyato et al. 2018,
appendix B).

At every size, layers and their initialisation are those of SNGAN's networks for 128 pixels
(github.com/pfnet-research/sngan_projection, gen_models/resnet.py and dis_models/snresnet_128.py, without their
classes): each halving of the image, down to 4x4, takes one block with twice the channels. Convolutions of the
generator's blocks have no bias, since the next batch norm would cancel it. The discriminator's norm, if it has one,
comes before each activation of a block but the first, as in WGAN-GP.
"""

from itertools import pairwise

from torch import Tensor, nn

from gan_study.config.hyperparameters import DiscriminatorNorm, NetworkConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.gan.networks.layers import norm_2d

_START_SIZE = 4
_RESIDUAL_GAIN = 2**0.5


class Residual(nn.Module):
    """The sum of two paths."""

    def __init__(self, residual: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.residual = residual
        self.shortcut = shortcut

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) => the sum of what both paths make of the features."""
        total: Tensor = self.residual(features) + self.shortcut(features)
        return total


class _GlobalSum(nn.Module):
    """(N, C, H, W) => (N, C): sums over the pixels."""

    def forward(self, features: Tensor) -> Tensor:
        return features.sum(dim=(2, 3))


def resnet_generator(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> nn.Module:
    """The generator, as `build_networks` describes it, for 32, 64 or 128 pixels."""
    widths = _widths(config, image_size)[::-1]
    start = nn.Linear(z_dim, widths[0] * _START_SIZE**2)
    nn.init.xavier_uniform_(start.weight)
    nn.init.zeros_(start.bias)
    return nn.Sequential(
        start,
        nn.Unflatten(1, (widths[0], _START_SIZE, _START_SIZE)),
        *(_up_block(num_in, num_out) for num_in, num_out in pairwise([widths[0], *widths])),
        nn.BatchNorm2d(widths[-1]),
        nn.ReLU(),
        _convolution(widths[-1], num_channels, kernel_size=3),
        nn.Tanh(),
    )


def resnet_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for 32, 64 or 128 pixels."""
    widths, norm = _widths(config, image_size), config.discriminator_norm
    end = nn.Linear(widths[-1], 1)
    nn.init.xavier_uniform_(end.weight)
    nn.init.zeros_(end.bias)
    return nn.Sequential(
        _first_block(num_channels, widths[0]),
        *(_down_block(num_in, num_out, norm) for num_in, num_out in pairwise(widths)),
        Residual(_residual(widths[-1], widths[-1], norm), nn.Identity()),
        nn.ReLU(),
        _GlobalSum(),
        end,
        nn.Flatten(start_dim=0),
    )


def _widths(config: NetworkConfig, image_size: int) -> list[int]:
    sizes = NETWORK_IMAGE_SIZES["resnet"]
    assert sizes is not None
    assert image_size in sizes, f"resnet has no layers for {image_size=}"
    num_halvings = (image_size // _START_SIZE).bit_length() - 1
    return [config.width * 2**i for i in range(num_halvings)]


def _up_block(num_in: int, num_out: int) -> nn.Module:
    residual = nn.Sequential(
        nn.BatchNorm2d(num_in),
        nn.ReLU(),
        nn.Upsample(scale_factor=2),
        _convolution(num_in, num_out, kernel_size=3, gain=_RESIDUAL_GAIN, bias=False),
        nn.BatchNorm2d(num_out),
        nn.ReLU(),
        _convolution(num_out, num_out, kernel_size=3, gain=_RESIDUAL_GAIN, bias=False),
    )
    # A 1x1 convolution commutes with doubling (or averaging) of pixels; in this order it has fewer to process.
    shortcut = nn.Sequential(_convolution(num_in, num_out, kernel_size=1, bias=False), nn.Upsample(scale_factor=2))
    return Residual(residual, shortcut)


def _first_block(num_in: int, num_out: int) -> nn.Module:
    """The discriminator's block next to the image, which it must not clip with an activation."""
    residual = nn.Sequential(
        _convolution(num_in, num_out, kernel_size=3, gain=_RESIDUAL_GAIN),
        nn.ReLU(),
        _convolution(num_out, num_out, kernel_size=3, gain=_RESIDUAL_GAIN),
        nn.AvgPool2d(2),
    )
    return Residual(residual, nn.Sequential(nn.AvgPool2d(2), _convolution(num_in, num_out, kernel_size=1)))


def _down_block(num_in: int, num_out: int, norm: DiscriminatorNorm) -> nn.Module:
    residual = nn.Sequential(_residual(num_in, num_out, norm), nn.AvgPool2d(2))
    return Residual(residual, nn.Sequential(nn.AvgPool2d(2), _convolution(num_in, num_out, kernel_size=1)))


def _residual(num_in: int, num_out: int, norm: DiscriminatorNorm) -> nn.Module:
    return nn.Sequential(
        *norm_2d(norm, num_in),
        nn.ReLU(),
        # Batch norm would cancel a bias.
        _convolution(num_in, num_in, kernel_size=3, gain=_RESIDUAL_GAIN, bias=norm != "batch"),
        *norm_2d(norm, num_in),
        nn.ReLU(),
        _convolution(num_in, num_out, kernel_size=3, gain=_RESIDUAL_GAIN),
    )


def _convolution(num_in: int, num_out: int, kernel_size: int, gain: float = 1.0, bias: bool = True) -> nn.Module:
    """A convolution that keeps the image's size, with Glorot's uniform weights and bias 0."""
    layer = nn.Conv2d(num_in, num_out, kernel_size, padding=kernel_size // 2, bias=bias)
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
