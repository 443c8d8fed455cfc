import pytest
from torch import nn

from gan_study.config.hyperparameters import NetworkConfig, NormName
from gan_study.gan.networks.mlp import mlp_discriminator, mlp_generator


def layers(network: nn.Module) -> list[str]:
    """Names of the layers, linear ones with their shape and whether they have a bias."""
    return [
        f"{layer.in_features}>{layer.out_features} {layer.bias is not None}"
        if isinstance(layer, nn.Linear)
        else type(layer).__name__
        for layer in network.children()
    ]


def test_generator_layers() -> None:
    generator = mlp_generator(NetworkConfig(name="mlp", width=7), image_size=9, num_channels=3, z_dim=5)
    assert layers(generator) == ["5>7 True", "ReLU", "7>7 True", "ReLU", "7>243 True", "Tanh", "Unflatten"]


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_discriminator_layers(norm: NormName) -> None:
    config = NetworkConfig(name="mlp", width=7, discriminator_norm=norm)
    discriminator = mlp_discriminator(config, image_size=9, num_channels=3)
    second = {"batch": ["7>7 False", "BatchNorm1d"], "layer": ["7>7 True", "LayerNorm"], "none": ["7>7 True"]}[norm]
    assert layers(discriminator) == ["Flatten", "243>7 True", "LeakyReLU", *second, "LeakyReLU", "7>1 True", "Flatten"]
    slopes = {layer.negative_slope for layer in discriminator.modules() if isinstance(layer, nn.LeakyReLU)}
    assert slopes == {0.2}
