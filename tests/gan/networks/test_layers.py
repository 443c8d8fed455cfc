import copy

import pytest
import torch
from torch import nn

from gan_study.config import names
from gan_study.config.hyperparameters import NetworkConfig
from gan_study.gan.networks import build_networks
from gan_study.gan.networks.layers import divide_by_spectral_norms_, norm_1d, norm_2d


def test_layer_norm_is_over_all_values_of_an_image() -> None:
    features = torch.randn(3, 4, 5, 5, dtype=torch.float64) * 3 + torch.arange(4).reshape(1, 4, 1, 1)
    (norm,) = norm_2d("layer", 4)
    mean, variance = (
        f((1, 2, 3), keepdim=True) for f in (features.mean, lambda *a, **k: features.var(*a, correction=0, **k))
    )
    torch.testing.assert_close(norm.double()(features), (features - mean) / (variance + 1e-5).sqrt())
    assert [p.shape for p in norm.parameters()] == [(4,), (4,)]


def test_none_is_no_layer() -> None:
    assert norm_1d("none", 4) == norm_2d("none", 4) == []


def test_spectral_norm_makes_the_largest_singular_value_1() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6, 4, bias=False)).double()
    plain = copy.deepcopy(network)
    divide_by_spectral_norms_(network)
    for _ in range(100):  # the power iteration goes on with each pass
        network(torch.randn(2, 2, 3, 3, dtype=torch.float64))
    for layer in (0, 3):
        matrix = plain[layer].get_parameter("weight").flatten(1)
        expected = matrix / torch.linalg.matrix_norm(matrix, ord=2)
        torch.testing.assert_close(getattr(network[layer], "weight").flatten(1), expected)  # noqa: B009 (no nn.Parameter)


@pytest.mark.parametrize("name", names.NETWORKS)
def test_every_layer_of_the_discriminator_and_none_of_the_generator(name: names.NetworkName) -> None:
    config = NetworkConfig(name=name, width=4, discriminator_norm="none", spectral_norm=True)
    generator, discriminator = build_networks(config, image_size=32, num_channels=1, z_dim=3)
    plain = build_networks(config.model_copy(update={"spectral_norm": False}), 32, 1, 3)[1]
    num_layers = sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in plain.modules())
    kernels = [key for key in discriminator.state_dict() if key.endswith("parametrizations.weight.original")]
    assert len(kernels) == num_layers
    assert not [key for key in generator.state_dict() if "parametrizations" in key]


@pytest.mark.parametrize("name", names.NETWORKS)
def test_spectral_norm_leaves_the_initial_weights(name: names.NetworkName) -> None:
    discriminators = []
    for spectral_norm in (False, True):
        torch.manual_seed(0)
        config = NetworkConfig(name=name, width=4, discriminator_norm="none", spectral_norm=spectral_norm)
        discriminators.append(build_networks(config, image_size=32, num_channels=1, z_dim=3)[1].state_dict())
    plain, divided = discriminators
    for key, value in plain.items():
        layer, _, tensor = key.rpartition(".")
        renamed = f"{layer}.parametrizations.weight.original" if tensor == "weight" else key
        assert torch.equal(divided[renamed], value)
