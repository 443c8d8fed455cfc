"""Fully connected networks with two hidden layers, like those of the first GAN on MNIST.

Goodfellow et al. 2014, with the layers of their mnist.yaml (github.com/goodfeli/adversarial: two ReLU layers of 1200
units in the generator, two maxout layers in the discriminator). Here both players have equal width, the discriminator
has LeakyReLU(0.2) without dropout rather than maxout with dropout, and tanh replaces the sigmoid because images are in
[-1, 1]. The initialisation is torch's for linear layers. `depth` adds hidden layers like the second one.
"""

from functools import partial

from torch import nn

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.gan.networks.layers import activation, norm_1d


def mlp_generator(config: NetworkConfig, image_size: int, num_channels: int, z_dim: int) -> nn.Module:
    """The generator, as `build_networks` describes it, for any image size."""
    width, norm = config.generator_width, config.g_norm
    act, bias = partial(activation, config.activation, "relu"), norm != "batch"
    layers: list[nn.Module] = []
    for num_in in (z_dim, *(width for _ in range(1 + config.depth))):
        layers += [nn.Linear(num_in, width, bias=bias), *norm_1d(norm, width), act()]
    return nn.Sequential(
        *layers,
        nn.Linear(width, num_channels * image_size**2),
        nn.Tanh(),
        nn.Unflatten(1, (num_channels, image_size, image_size)),
    )


def mlp_discriminator(config: NetworkConfig, image_size: int, num_channels: int) -> nn.Module:
    """The discriminator, as `build_networks` describes it, for any image size."""
    width, norm = config.discriminator_width, config.discriminator_norm
    act = partial(activation, config.activation, "leaky_relu")
    # The layer next to the image has no norm, as in DCGAN, and a layer before batch norm needs no bias.
    layers: list[nn.Module] = [nn.Flatten(), nn.Linear(num_channels * image_size**2, width), act()]
    for _ in range(1 + config.depth):
        layers += [nn.Linear(width, width, bias=norm != "batch"), *norm_1d(norm, width), act()]
    return nn.Sequential(*layers, nn.Linear(width, 1), nn.Flatten(start_dim=0))
