"""Settings of the networks: their defaults change nothing, and each does what it says."""

from typing import Any

import pytest
import torch
from torch import nn

from gan_study.config import names
from gan_study.config.estimates.architecture import work_ratios
from gan_study.config.hyperparameters import NetworkConfig
from gan_study.gan.cost import network_costs
from gan_study.gan.networks import build_networks
from gan_study.gan.networks.attention import SelfAttention, attention_at
from gan_study.gan.networks.layers import fix_spectral_norms_

SIZES = {"dcgan": 16, "infogan": 28, "mlp": 9, "resnet": 16}
SETTINGS: list[dict[str, Any]] = [
    {"g_width": 3, "d_width": 5},
    {"depth": 2},
    {"upsample": "transposed"},
    {"upsample": "nearest"},
    {"upsample": "bilinear"},
    {"g_norm": "layer"},
    {"g_norm": "none", "activation": "leaky_relu"},
    {"activation": "elu"},
    {"activation": "silu", "depth": 1, "discriminator_norm": "none"},
    {"attention": -1, "spectral_norm": True, "g_spectral_norm": True},
]
"""Settings for every network with convolutions; the attention -1 is replaced by the largest one that it may have."""
FINGERPRINTS = {
    "dcgan": (16, 16.701680, 13.799691),
    "infogan": (28, 757.204618, 126.462172),
    "mlp": (9, -3.485965, 6.037696),
    "resnet": (32, 85.611371, 44.607506),
}
"""Image size, and for each player the mean over the initial weights from seed 3, each times its number."""


def networks(name: names.NetworkName, image_size: int = 0, **settings: Any) -> tuple[nn.Module, nn.Module]:
    if settings.get("attention") == -1:
        settings["attention"] = SIZES[name] // 2
    torch.manual_seed(3)
    config = NetworkConfig.model_validate({"name": name, "width": 4, **settings})
    return build_networks(config, image_size or SIZES[name], num_channels=1, z_dim=6)


def fingerprint(network: nn.Module) -> float:
    weights = torch.cat([weight.double().flatten() for weight in network.state_dict().values()])
    return float(weights @ torch.arange(1, len(weights) + 1, dtype=torch.float64)) / len(weights)


@pytest.mark.parametrize("name", names.NETWORKS)
def test_defaults_give_the_published_networks(name: names.NetworkName) -> None:
    # Recorded before the settings existed; the numbers of other processors may differ in the last bits.
    image_size, *expected = FINGERPRINTS[name]
    found = [fingerprint(network) for network in networks(name, int(image_size), discriminator_norm="batch")]
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", names.CONVOLUTIONAL)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_setting_learns(name: names.NetworkName, settings: dict[str, Any]) -> None:
    generator, discriminator = networks(name, **settings)
    for module in [*generator.modules(), *discriminator.modules()]:
        if isinstance(module, SelfAttention):
            nn.init.ones_(module.gain)  # at 0, nothing behind it would learn yet
    images = generator(torch.randn(5, 6))
    assert images.shape == (5, 1, SIZES[name], SIZES[name])
    discriminator(images).square().sum().backward()
    for network in (generator, discriminator):
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.isfinite().all(), parameter_name
            assert parameter.grad.abs().max() > 0, parameter_name


def kinds(network: nn.Module) -> list[str]:
    return [type(module).__name__ for module in network.modules()]


@pytest.mark.parametrize("name", names.NETWORKS)
def test_widths_depth_and_activation_are_those_asked_for(name: names.NetworkName) -> None:
    plain = networks(name)
    assert [fingerprint(n) for n in networks(name, g_width=4, d_width=4)] == [fingerprint(n) for n in plain]
    wide_g, wide_d = networks(name, g_width=8), networks(name, d_width=8)
    num = [sum(p.numel() for p in network.parameters()) for network in (*plain, *wide_g, *wide_d)]
    assert num[2] > 1.5 * num[0]
    assert num[5] > 1.5 * num[1]
    assert (num[3], num[4]) == (num[1], num[0])
    # dcgan and resnet have two sizes at 16 pixels, infogan has two, mlp has one hidden layer more.
    layers = {"dcgan": 2, "infogan": 2, "mlp": 1, "resnet": 4}[name]
    kind = "Linear" if name == "mlp" else "Conv2d"
    for network, deeper in zip(plain, networks(name, depth=1), strict=True):
        assert kinds(deeper).count(kind) == kinds(network).count(kind) + layers
    for network in networks(name, activation="silu"):
        assert kinds(network).count("SiLU") > 0
        assert {"ReLU", "LeakyReLU"}.isdisjoint(kinds(network))


@pytest.mark.parametrize("name", names.CONVOLUTIONAL)
def test_ways_of_doubling(name: names.NetworkName) -> None:
    found = {way: kinds(networks(name, upsample=way)[0]) for way in ("transposed", "nearest", "bilinear")}
    start = int(name == "dcgan")  # which turns z into the first maps by a transposed convolution
    assert {way: layers.count("ConvTranspose2d") - start for way, layers in found.items()} == {
        "transposed": 2,
        "nearest": 0,
        "bilinear": 0,
    }
    modes = {layer.mode for layer in networks(name, upsample="bilinear")[0].modules() if isinstance(layer, nn.Upsample)}
    assert modes == {"bilinear"}


@pytest.mark.parametrize("norm", ["layer", "none"])
@pytest.mark.parametrize("name", names.NETWORKS)
def test_without_batch_norm_an_image_depends_on_its_own_latent_alone(name: names.NetworkName, norm: str) -> None:
    generator = networks(name, g_norm=norm)[0].double()
    z = torch.randn(4, 6, dtype=torch.float64)
    alone = generator(z[:1])
    torch.testing.assert_close(generator(z)[:1], alone, rtol=1e-9, atol=1e-12)


def test_attention_begins_as_nothing_and_mixes_places() -> None:
    torch.manual_seed(0)
    assert attention_at(8, 4, num_channels=16) == []
    (layer,) = (layer.double() for layer in attention_at(4, 4, num_channels=16))
    features = torch.randn(2, 16, 4, 4, dtype=torch.float64)
    assert torch.equal(layer(features), features)
    assert isinstance(layer, SelfAttention)
    nn.init.constant_(layer.gain, 0.5)
    # Equations 1 to 3 of SAGAN, place by place.
    places = features[1].flatten(1).T
    query, key, value, out = (
        part.weight[:, :, 0, 0]
        for part in (layer.query, layer.key, layer.value, layer.out)
        if isinstance(part, nn.Conv2d)
    )
    expected = torch.empty_like(places)
    for j, place in enumerate(places):
        fits = torch.stack([(key @ other) @ (query @ place) for other in places])
        mean = sum(share * (value @ other) for share, other in zip(fits.softmax(0), places, strict=True))
        expected[j] = place + 0.5 * (out @ mean)
    torch.testing.assert_close(layer(features)[1].flatten(1).T, expected)


def test_spectral_norms_of_an_averaged_generator() -> None:
    generator, _ = networks("dcgan", g_spectral_norm=True)
    for name, vector in generator.named_buffers():
        if "parametrizations" in name:
            vector.mul_(0.7)  # as averages of vectors of other directions are: shorter than 1
    fix_spectral_norms_(generator.eval())
    kernels = [layer.weight.detach() for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert len(kernels) == 3
    for kernel in kernels:
        largest = torch.linalg.matrix_norm(kernel.transpose(0, 1).flatten(1), ord=2)
        assert float(largest) == pytest.approx(1, abs=0.05)  # the power iteration has nearly found it


@pytest.mark.parametrize("name", names.NETWORKS)
@pytest.mark.parametrize("settings", [{}, {"depth": 2}, {"upsample": "nearest"}, {"upsample": "transposed"}], ids=str)
def test_estimated_work_follows_the_counted_operations(name: names.NetworkName, settings: dict[str, Any]) -> None:
    if name == "mlp" and "upsample" in settings:
        return
    for width, image_size in ((16, 32), (64, 64)):
        plain, changed = (
            NetworkConfig.model_validate({"name": name, "width": width, **given}) for given in ({}, settings)
        )
        before, after = (network_costs(config, image_size, 1, 64) for config in (plain, changed))
        counted = [new.num_flops / old.num_flops for old, new in zip(before, after, strict=True)]
        assert work_ratios(changed, image_size) == pytest.approx(counted, rel=1 / 3)
