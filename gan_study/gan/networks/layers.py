"""Layers and initial weights that several networks use."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import is_parametrized, register_parametrization, remove_parametrizations

from gan_study.config.hyperparameters import ActivationName, NormName, UpsampleName

ACTIVATIONS: dict[str, Callable[[bool], nn.Module]] = {
    "relu": lambda inplace: nn.ReLU(inplace=inplace),
    "leaky_relu": lambda inplace: nn.LeakyReLU(0.2, inplace=inplace),
    "elu": lambda inplace: nn.ELU(),
    "silu": lambda inplace: nn.SiLU(),
}
"""Activations by name, from whether they may write over their input. relu and leaky_relu with slope 0.2: Radford et al.
2015 (DCGAN), section 3; elu: Clevert et al. 2015 (arXiv:1511.07289); silu: Ramachandran et al. 2017 (swish,
arXiv:1710.05941)."""


def activation(name: ActivationName, published: Literal["relu", "leaky_relu"], inplace: bool = True) -> nn.Module:
    """The activation of this name, or the one that the network was published with."""
    return ACTIVATIONS[published if name == "published" else name](inplace)


def norm_2d(norm: NormName, num_channels: int) -> list[nn.Module]:
    """The normalisation of feature maps (N, C, H, W), as a list of at most one layer.

    Layer norm is computed over all channels and pixels of an image, with a scale and an offset for each channel, as in
    the code of WGAN-GP (github.com/igul222/improved_wgan_training, tflib/ops/layernorm.py); this is group norm with one
    group.
    """
    if norm == "none":
        return []
    return [nn.BatchNorm2d(num_channels) if norm == "batch" else nn.GroupNorm(1, num_channels)]


def norm_1d(norm: NormName, num_features: int) -> list[nn.Module]:
    """The normalisation of features (N, F), as a list of at most one layer."""
    if norm == "none":
        return []
    return [nn.BatchNorm1d(num_features) if norm == "batch" else nn.LayerNorm(num_features)]


def upsampling(upsample: UpsampleName | None, num_in: int, num_out: int, bias: bool) -> list[nn.Module]:
    """Layers that double the sides of feature maps: (N, num_in, H, W) => (N, num_out, 2 H, 2 W).

    A transposed convolution of 4x4 with stride 2 is DCGAN's; interpolation before a convolution of 3x3 avoids its
    checkerboard patterns (Odena et al. 2016, doi:10.23915/distill.00003).
    """
    if upsample == "transposed":
        return [nn.ConvTranspose2d(num_in, num_out, kernel_size=4, stride=2, padding=1, bias=bias)]
    assert upsample is not None, "a network with convolutions has a way to double its feature maps"
    interpolation = nn.Upsample(scale_factor=2, mode=upsample)
    return [interpolation, nn.Conv2d(num_in, num_out, kernel_size=3, padding=1, bias=bias)]


def further_convolutions(
    depth: int, num_channels: int, norm: NormName, act: Callable[[], nn.Module]
) -> list[nn.Module]:
    """`depth` convolutions of 3x3 that keep size and channels, each with its norm and its activation.

    Further layers at one size: Karras et al. 2018 (progressive GANs, arXiv:1710.10196), table 2, and the plain networks
    of Miyato et al. 2018 (SNGAN), table 3.
    """
    layers: list[nn.Module] = []
    for _ in range(depth):
        convolution = nn.Conv2d(num_channels, num_channels, kernel_size=3, padding=1, bias=norm != "batch")
        layers += [convolution, *norm_2d(norm, num_channels), act()]
    return layers


def initialise_normal_(layer: nn.Module) -> None:
    """Draw the weights of a convolution or linear layer from N(0, 0.02), in place, and set its bias to 0."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, std=0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def divide_by_spectral_norms_(network: nn.Module) -> None:
    """Divide the weights of every convolution and linear layer by their largest singular value, from now on.

    Miyato et al. 2018 (SNGAN), algorithm 1; in the generator: Zhang et al. 2018 (SAGAN), section 4.1. A kernel counts
    as the matrix (out, in * height * width), and every forward pass in training mode makes one step of the power
    iteration. Call it on initialised weights.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            register_parametrization(layer, "weight", _SpectralNorm(layer.weight))
        elif isinstance(layer, nn.ConvTranspose2d):  # whose kernels begin with the inputs
            register_parametrization(layer, "weight", _SpectralNorm(layer.weight, dim=1))


def fix_spectral_norms_(network: nn.Module) -> None:
    """Replace each weight that is divided by its largest singular value by the quotient, so that the network has plain
    layers."""
    for layer in list(network.modules()):
        if is_parametrized(layer, "weight"):
            remove_parametrizations(layer, "weight")


class _SpectralNorm(parametrizations._SpectralNorm):
    """The one of torch's `spectral_norm`, in the weights' own precision where the network computes in a shorter one.

    In evaluation mode it makes a step of the power iteration without keeping it, since the vectors of an averaged
    network are averages, which have no length of 1.
    """

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            if self.training:
                return super().forward(weight)
            matrix = self._reshape_weight_to_matrix(weight)
            right = nn.functional.normalize(matrix.T @ self._u, dim=0, eps=self.eps)
            divided: Tensor = weight / torch.linalg.vector_norm(matrix @ right)
            return divided
