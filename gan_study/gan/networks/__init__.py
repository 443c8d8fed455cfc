"""Generators and discriminators by name."""

from collections.abc import Callable

from torch import nn

from gan_study.config.names import NetworkName
from gan_study.config.training import NetworkConfig
from gan_study.gan.networks.dcgan import build_dcgan
from gan_study.gan.networks.mlp import build_mlp

NETWORKS: dict[NetworkName, Callable[[NetworkConfig, int, int, int], tuple[nn.Module, nn.Module]]] = {
    "dcgan": build_dcgan,
    "mlp": build_mlp,
}


def build_networks(
    config: NetworkConfig, image_size: int, num_channels: int, z_dim: int
) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator that `config` names, in float32 on the CPU.

    The generator turns z, (N, z_dim) float, into images, NCHW in [-1, 1] with `num_channels` channels and
    `image_size` pixels a side; the discriminator turns such images into logits, (N,). The weights are drawn
    from torch's global random numbers, the generator's first.
    """
    return NETWORKS[config.name](config, image_size, num_channels, z_dim)
