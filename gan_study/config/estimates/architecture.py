"""Operations that a network's settings add to those of the network as published."""

from math import log2

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.own.parts import is_own

_DEPTH: dict[str, tuple[float, float]] = {"dcgan": (1.6, 1.6), "infogan": (1.1, 1.1), "resnet": (0.75, 0.5)}
"""Operations of one further layer at every size over those of the network without any: generator, discriminator."""
_UPSAMPLE = {
    ("dcgan", "nearest"): 2.2,
    ("dcgan", "bilinear"): 2.2,
    ("infogan", "nearest"): 1.65,
    ("infogan", "bilinear"): 1.65,
    ("resnet", "transposed"): 0.67,
}
"""Operations of the generator over those with its published way of doubling feature maps."""


def work_ratios(network: NetworkConfig, image_size: int) -> tuple[float, float]:
    """Operations of generator and discriminator over those of the same network and widths with all other defaults.

    They are within a third of what `gan_study.gan.cost` counts; an own network has none of these settings.
    """
    if is_own(network.name):
        return 1.0, 1.0
    g_depth, d_depth = (_depth_ratio(network, image_size, player) for player in (0, 1))
    doubled = _UPSAMPLE.get((network.name, str(network.upsample)), 1.0)
    g_attention = _attention_share(network, network.generator_width, image_size)
    d_attention = _attention_share(network, network.discriminator_width, image_size)
    return doubled + g_depth + g_attention, 1 + d_depth + d_attention


def _depth_ratio(network: NetworkConfig, image_size: int, player: int) -> float:
    if network.name != "mlp":
        return network.depth * _DEPTH[network.name][player]
    width = (network.generator_width, network.discriminator_width)[player]
    return network.depth * width / (width + image_size**2)


def _attention_share(network: NetworkConfig, width: int, image_size: int) -> float:
    """Operations of self-attention over those of the other layers, which are about equal at every size."""
    size = network.attention
    if size == 0:
        return 0.0
    num_channels = width * image_size / (2 * size)
    num_sizes = 2.0 if network.name == "infogan" else log2(image_size / 4)
    per_convolution = 54 if network.name == "resnet" else 16
    return (1 + size**2 / (2 * num_channels)) / per_convolution / num_sizes
