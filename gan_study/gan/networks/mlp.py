"""Fully connected networks with two hidden layers, like the first GAN's on MNIST.

Goodfellow et al. 2014, with the layers of their mnist.yaml (github.com/goodfeli/adversarial: two ReLU layers of
1200 units in the generator, two maxout layers in the discriminator). Here both players have the same width, the
discriminator has LeakyReLU(0.2) without dropout in place of maxout with it, and tanh stands in place of the
sigmoid because images lie in [-1, 1]. The initialisation is torch's for linear layers.
"""

from math import prod

from torch import nn

from gan_study.config.training import NetworkConfig


def build_mlp(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator, as `build_networks` describes them, for any image size."""
    image_shape = (num_channels, image_size, image_size)
    generator = _generator(config.width, image_shape, z_dim)
    discriminator = _discriminator(config.width, image_shape, with_norm=config.discriminator_norm == "batch")
    return generator, discriminator


def _generator(width: int, image_shape: tuple[int, int, int], z_dim: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(z_dim, width),
        nn.ReLU(inplace=True),
        nn.Linear(width, width),
        nn.ReLU(inplace=True),
        nn.Linear(width, prod(image_shape)),
        nn.Tanh(),
        nn.Unflatten(1, image_shape),
    )


def _discriminator(width: int, image_shape: tuple[int, int, int], with_norm: bool) -> nn.Module:
    # Batch norm takes the bias of the layer before it away, and stays off the layer next to the image, as in DCGAN.
    norm = [nn.BatchNorm1d(width)] if with_norm else []
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(prod(image_shape), width),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(width, width, bias=not with_norm),
        *norm,
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(width, 1),
        nn.Flatten(start_dim=0),
    )
