"""Generators and discriminators by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.gan.networks.conditional import Classes, conditional_discriminator, conditional_generator
from gan_study.gan.networks.dcgan import dcgan_discriminator, dcgan_generator
from gan_study.gan.networks.infogan import infogan_discriminator, infogan_generator
from gan_study.gan.networks.layers import divide_by_spectral_norms_
from gan_study.gan.networks.mlp import mlp_discriminator, mlp_generator
from gan_study.gan.networks.resnet import resnet_discriminator, resnet_generator


@dataclass(frozen=True)
class Network:
    """Builders of both players."""

    generator: Callable[[NetworkConfig, int, int, int], nn.Module]
    """(config, image_size, num_channels, z_dim) -> z to images."""
    discriminator: Callable[[NetworkConfig, int, int], nn.Module]
    """(config, image_size, num_channels) -> images to logits."""


NETWORKS: dict[str, Network] = {
    "dcgan": Network(dcgan_generator, dcgan_discriminator),
    "infogan": Network(infogan_generator, infogan_discriminator),
    "mlp": Network(mlp_generator, mlp_discriminator),
    "resnet": Network(resnet_generator, resnet_discriminator),
}


def build_networks(
    config: NetworkConfig, image_size: int, num_channels: int, z_dim: int, pac: int = 1, classes: Classes | None = None
) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator that `config` names, in float32 on the CPU.

    The generator turns z, (N, z_dim) float, into images, NCHW in [-1, 1] with `num_channels` channels and
    `image_size` pixels a side; the discriminator turns such images, `pac` of them stacked as channels, into
    logits, (N,). The weights are drawn from torch's global random numbers, the generator's first. With `classes`, the
    generator's input has one more number, and the discriminator takes images and the classes of all images, int64.
    """
    network = NETWORKS[config.name]
    generate, judge = partial(network.generator, config, image_size), partial(network.discriminator, config, image_size)
    if classes is None:
        generator, discriminator = generate(num_channels, z_dim), judge(pac * num_channels)
    else:
        generator = conditional_generator(partial(generate, num_channels), z_dim, classes, config.g_norm == "batch")
        discriminator = conditional_discriminator(judge, num_channels, pac, classes)
    if config.spectral_norm:
        divide_by_spectral_norms_(discriminator)
    if config.g_spectral_norm:
        divide_by_spectral_norms_(generator)
    return generator, discriminator
