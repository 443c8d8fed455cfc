"""Costs computed by hand."""

from pathlib import Path

from gan_study.config import names
from gan_study.config.hyperparameters import NetworkConfig
from gan_study.gan.cost import cost_table, network_costs


def test_linear_layers() -> None:
    # Two operations for each weight, none for a bias.
    generator, discriminator = network_costs(
        NetworkConfig(name="mlp", width=5, discriminator_norm="none"), 9, 2, z_dim=3
    )
    weights = 3 * 5 + 5 * 5 + 5 * 162
    assert (generator.num_parameters, generator.num_flops) == (weights + 5 + 5 + 162, 2 * weights)
    weights = 162 * 5 + 5 * 5 + 5
    assert (discriminator.num_parameters, discriminator.num_flops) == (weights + 5 + 5 + 1, 2 * weights)


def test_convolutions() -> None:
    # Kernels of 4x4 weights, for each pixel that a transposed one reads or an ordinary one writes.
    generator, discriminator = network_costs(
        NetworkConfig(name="dcgan", width=3, discriminator_norm="none"), 16, 1, z_dim=5
    )
    assert generator.num_parameters == 16 * (5 * 6 + 6 * 3 + 3 * 1) + 2 * (6 + 3)
    assert generator.num_flops == 2 * 16 * (5 * 6 + 4 * 4 * 6 * 3 + 8 * 8 * 3 * 1)
    assert discriminator.num_parameters == 16 * (1 * 3 + 3 * 6 + 6 * 1) + 3 + 6 + 1
    assert discriminator.num_flops == 2 * 16 * (8 * 8 * 1 * 3 + 4 * 4 * 3 * 6 + 6 * 1)


def test_the_table_has_every_network_at_its_sizes() -> None:
    rows = [line.split(" | ") for line in cost_table().splitlines()[2:]]
    found = [(row[0].removeprefix("| "), row[1]) for row in rows]
    expected = [
        (name, f"{3 if name == 'resnet' else 1}x{size}x{size}")
        for name in names.NETWORKS
        for size in names.NETWORK_IMAGE_SIZES[name] or (28,)
    ]
    assert found == expected
    # dcgan at 64 pixels: the official example's discriminator.
    assert next(row for row in rows if row[1] == "1x64x64")[4] == "2,763,520"


def test_the_guide_shows_the_table() -> None:
    assert cost_table() in (Path(__file__).parents[2] / "studies" / "README.md").read_text()
