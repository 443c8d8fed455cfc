"""Layers and initial weights that several networks use."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import register_parametrization

from gan_study.config.hyperparameters import DiscriminatorNorm


def norm_2d(norm: DiscriminatorNorm, num_channels: int) -> list[nn.Module]:
    """The normalisation of feature maps (N, C, H, W), as a list of at most one layer.

    Layer norm is computed over all channels and pixels of an image, with a scale and an offset for each channel, as in
    the code of WGAN-GP (github.com/igul222/improved_wgan_training, tflib/ops/layernorm.py); this is group norm with one
    group.
    """
    if norm == "none":
        return []
    return [nn.BatchNorm2d(num_channels) if norm == "batch" else nn.GroupNorm(1, num_channels)]


def norm_1d(norm: DiscriminatorNorm, num_features: int) -> list[nn.Module]:
    """The normalisation of features (N, F), as a list of at most one layer."""
    if norm == "none":
        return []
    return [nn.BatchNorm1d(num_features) if norm == "batch" else nn.LayerNorm(num_features)]


def initialise_normal_(layer: nn.Module) -> None:
    """Draw the weights of a convolution or linear layer from N(0, 0.02), in place, and set its bias to 0."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def divide_by_spectral_norms_(network: nn.Module) -> None:
    """Divide the weights of every convolution and linear layer by their largest singular value, from now on.

    Miyato et al. 2018 (SNGAN), algorithm 1: a kernel counts as the matrix (out, in * height * width), and every forward
    pass in training mode makes one step of the power iteration. Call it on initialised weights.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            register_parametrization(layer, "weight", _SpectralNorm(layer.weight))


class _SpectralNorm(parametrizations._SpectralNorm):
    """The one of torch's `spectral_norm`, in the weights' own precision where the network computes in a shorter one."""

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            return super().forward(weight)
