"""Residual networks with the blocks of WGAN-GP (Gulrajani et al. 2017, appendix) and SNGAN (Miyato et al. 2018,
appendix B).

At every size, layers and their initialisation are those of SNGAN's networks for 128 pixels
(github.com/pfnet-research/sngan_projection, gen_models/resnet.py and dis_models/snresnet_128.py, without their
classes): each halving of the image, down to 4x4, takes one block with twice the channels. Convolutions of the
generator's blocks have no bias, since the next batch norm would cancel it. The discriminator's norm, if it has one,
comes before each activation of a block but the first, as in WGAN-GP. `depth` adds blocks that keep size and channels,
as in BigGAN-deep (Brock et al. 2018, arXiv:1809.11096, appendix B); self-attention follows the last block of its size.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.config.names import NETWORK_IMAGE_SIZES
from gan_study.gan.networks.attention import attention_at
from gan_study.gan.networks.layers import activation, norm_2d, upsampling

_START_SIZE = 4
_RESIDUAL_GAIN = 2**0.5

_Activation = Callable[[], nn.Module]


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
    """The generator, as `build_networks` describes it, for 16, 32, 64 or 128 pixels."""
    widths, norm, act = _widths(config.generator_width, image_size)[::-1], config.g_norm, _activation(config)
    start = nn.Linear(z_dim, widths[0] * _START_SIZE**2)
    _initialise_(start)
    layers: list[nn.Module] = [start, nn.Unflatten(1, (widths[0], _START_SIZE, _START_SIZE))]
    layers += attention_at(config.attention, _START_SIZE, widths[0])
    for i, (num_in, num_out) in enumerate(pairwise([widths[0], *widths])):
        layers += [
            _up_block(num_in, num_out, config, act),
            *_further_blocks(config.depth, num_out, norm, act),
            *attention_at(config.attention, _START_SIZE * 2 ** (i + 1), num_out),
        ]
    return nn.Sequential(
        *layers, *norm_2d(norm, widths[-1]), act(), _convolution(widths[-1], num_channels, kernel_size=3), nn.Tanh()
    )


def resnet_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for 16, 32, 64 or 128 pixels."""
    widths, norm, act = (
        _widths(config.discriminator_width, image_size),
        config.discriminator_norm,
        _activation(config),
    )
    end = nn.Linear(widths[-1], 1)
    _initialise_(end)
    layers: list[nn.Module] = []
    for i, (num_in, num_out) in enumerate(pairwise([num_channels, *widths])):
        layers += [
            _down_block(num_in, num_out, norm, act) if i else _first_block(num_in, num_out, act),
            *_further_blocks(config.depth, num_out, norm, act),
            *attention_at(config.attention, image_size // 2 ** (i + 1), num_out),
        ]
    return nn.Sequential(
        *layers,
        Residual(_residual(widths[-1], widths[-1], norm, act), nn.Identity()),
        act(),
        _GlobalSum(),
        end,
        nn.Flatten(start_dim=0),
    )


def _widths(width: int, image_size: int) -> list[int]:
    sizes = NETWORK_IMAGE_SIZES["resnet"]
    assert sizes is not None
    assert image_size in sizes, f"resnet has no layers for {image_size=}"
    num_halvings = (image_size // _START_SIZE).bit_length() - 1
    return [width * 2**i for i in range(num_halvings)]


def _activation(config: NetworkConfig) -> _Activation:
    # Not in place: the shortcut reads what an activation at a block's head would overwrite.
    return partial(activation, config.activation, "relu", inplace=False)


def _up_block(num_in: int, num_out: int, config: NetworkConfig, act: _Activation) -> nn.Module:
    norm, mode = config.g_norm, config.upsample
    bias = norm != "batch"
    doubling = upsampling(mode, num_in, num_out, bias)
    _initialise_(doubling[-1], _RESIDUAL_GAIN)
    residual = nn.Sequential(
        *norm_2d(norm, num_in),
        act(),
        *doubling,
        *norm_2d(norm, num_out),
        act(),
        _convolution(num_out, num_out, kernel_size=3, gain=_RESIDUAL_GAIN, bias=bias),
    )
    # A 1x1 convolution commutes with doubling (or averaging) of pixels; in this order it has fewer to process.
    larger = nn.Upsample(scale_factor=2, mode="bilinear" if mode == "bilinear" else "nearest")
    return Residual(residual, nn.Sequential(_convolution(num_in, num_out, kernel_size=1, bias=bias), larger))


def _first_block(num_in: int, num_out: int, act: _Activation) -> nn.Module:
    """The discriminator's block next to the image, which it must not clip with an activation."""
    residual = nn.Sequential(
        _convolution(num_in, num_out, kernel_size=3, gain=_RESIDUAL_GAIN),
        act(),
        _convolution(num_out, num_out, kernel_size=3, gain=_RESIDUAL_GAIN),
        nn.AvgPool2d(2),
    )
    return Residual(residual, nn.Sequential(nn.AvgPool2d(2), _convolution(num_in, num_out, kernel_size=1)))


def _down_block(num_in: int, num_out: int, norm: NormName, act: _Activation) -> nn.Module:
    residual = nn.Sequential(_residual(num_in, num_out, norm, act), nn.AvgPool2d(2))
    return Residual(residual, nn.Sequential(nn.AvgPool2d(2), _convolution(num_in, num_out, kernel_size=1)))


def _further_blocks(depth: int, num_channels: int, norm: NormName, act: _Activation) -> list[nn.Module]:
    return [Residual(_residual(num_channels, num_channels, norm, act), nn.Identity()) for _ in range(depth)]


def _residual(num_in: int, num_out: int, norm: NormName, act: _Activation) -> nn.Module:
    return nn.Sequential(
        *norm_2d(norm, num_in),
        act(),
        # Batch norm would cancel a bias.
        _convolution(num_in, num_in, kernel_size=3, gain=_RESIDUAL_GAIN, bias=norm != "batch"),
        *norm_2d(norm, num_in),
        act(),
        _convolution(num_in, num_out, kernel_size=3, gain=_RESIDUAL_GAIN),
    )


def _convolution(num_in: int, num_out: int, kernel_size: int, gain: float = 1.0, bias: bool = True) -> nn.Module:
    """A convolution that keeps the image's size, with Glorot's uniform weights and bias 0."""
    layer = nn.Conv2d(num_in, num_out, kernel_size, padding=kernel_size // 2, bias=bias)
    _initialise_(layer, gain)
    return layer


def _initialise_(layer: nn.Module, gain: float = 1.0) -> None:
    """Draw Glorot's uniform weights, in place, and set the bias to 0."""
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
