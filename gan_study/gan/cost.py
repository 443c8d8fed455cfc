"""Costs of the networks: parameters, and operations of one forward pass. As a script it prints the tables of
studies/README.md.

usage: python -m gan_study.gan.cost
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.names import NETWORK_IMAGE_SIZES, NetworkName
from gan_study.config.paper_defaults import default_discriminator_norm
from gan_study.gan.networks import build_networks
from gan_study.gan.networks.conditional import Classes

Z_DIM = 64
_COLOUR = ("resnet",)
"""Networks whose row in the table is for images of three channels; the others' is for one."""
_ANY_SIZE = (28,)
"""Image sizes in the table for a network that accepts any size."""
_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"g_width": 32},
    {"d_width": 32},
    {"depth": 1},
    {"upsample": "nearest"},
    {"upsample": "bilinear"},
    {"g_norm": "none"},
    {"activation": "silu"},
    {"attention": 16},
    {"spectral_norm": True},
    {"g_spectral_norm": True},
)
"""Settings of a network, each with its row in the second table."""


@dataclass(frozen=True)
class Cost:
    """Cost of one network."""

    num_parameters: int
    """Trained parameters."""
    num_flops: int
    """Operations of the forward pass of one image, two for each multiplication and addition of the convolutions and
    linear layers; biases, norms, activations and resizing are not counted."""


def network_costs(
    config: NetworkConfig, image_size: int, num_channels: int, z_dim: int, classes: Classes | None = None
) -> tuple[Cost, Cost]:
    """Costs of generator and discriminator. Nothing is computed: the networks are built without memory.

    Spectral norms, which add no trained parameters, are left out, as are the products of a matrix and a vector by which
    they are computed.
    """
    config = config.model_copy(update={"spectral_norm": False, "g_spectral_norm": False})
    with torch.device("meta"):
        generator, discriminator = build_networks(config, image_size, num_channels, z_dim, 1, classes)
        image = torch.empty(1, num_channels, image_size, image_size)
        if classes is None:
            return _cost(generator, torch.empty(1, z_dim)), _cost(discriminator, image)
        labels = torch.empty(1, dtype=torch.int64)
        return _cost(generator, torch.empty(1, z_dim + 1)), _cost(discriminator, image, labels)


def cost_table() -> str:
    """A Markdown table of every network at its sizes, with the default width."""
    return "\n".join(_lines())


def settings_table() -> str:
    """A Markdown table of dcgan for grey images of 32 pixels, with the default settings and with each other one."""
    lines = ["| dcgan with | generator: parameters | MFLOP | discriminator: parameters | MFLOP |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for settings in _SETTINGS:
        given = ", ".join(f"`{name}: {str(value).lower()}`" for name, value in settings.items())
        config = NetworkConfig.model_validate({"name": "dcgan", **settings})
        lines.append(f"| {given or 'nothing else'} | {_columns(network_costs(config, 32, 1, Z_DIM))} |")
    for kind in ("projection", "concat"):
        norm = default_discriminator_norm("none", "dcgan", False, kind)
        config = NetworkConfig.model_validate({"name": "dcgan", "discriminator_norm": norm})
        columns = _columns(network_costs(config, 32, 1, Z_DIM, Classes(kind, (0.1,) * 10, "normal")))
        lines.append(f"| `conditional: {kind}`, 10 classes | {columns} |")
    return "\n".join(lines)


def _lines() -> Iterator[str]:
    yield "| network | image | generator: parameters | MFLOP | discriminator: parameters | MFLOP |"
    yield "|---|---|---:|---:|---:|---:|"
    for name in get_args(NetworkName):
        norm = default_discriminator_norm("none", name, spectral_norm=False)
        config = NetworkConfig.model_validate({"name": name, "discriminator_norm": norm})
        num_channels = 3 if name in _COLOUR else 1
        for image_size in NETWORK_IMAGE_SIZES[name] or _ANY_SIZE:
            columns = _columns(network_costs(config, image_size, num_channels, Z_DIM))
            yield f"| {name} | {num_channels}x{image_size}x{image_size} | {columns} |"


def _columns(costs: tuple[Cost, Cost]) -> str:
    return " | ".join(f"{cost.num_parameters:,} | {cost.num_flops / 1e6:,.1f}" for cost in costs)


def _cost(network: nn.Module, *one_input: Tensor) -> Cost:
    with FlopCounterMode(display=False) as counter:
        # Batch norm in training mode needs more than one image.
        network.eval()(*one_input)
    return Cost(sum(parameter.numel() for parameter in network.parameters()), counter.get_total_flops())


if __name__ == "__main__":
    print(cost_table(), settings_table(), sep="\n\n")
