"""A snapshot restores the averaged generator that was written."""

from typing import Any

import pytest
import torch

from gan_study.config.training import TrainingConfig
from gan_study.gan.conversion import to_uint8
from gan_study.gan.generation import generate_uint8
from gan_study.gan.latents import draw_z
from gan_study.training.output.snapshot import load_generator
from gan_study.training.state import build_state


@pytest.mark.parametrize(
    "network",
    [
        {"name": "dcgan"},
        {"name": "dcgan", "g_spectral_norm": True, "attention": 8},
        {"name": "mlp"},
        {"name": "infogan"},
        {"name": "resnet"},
    ],
)
def test_a_snapshot_gives_the_averaged_generator(network: dict[str, Any]) -> None:
    config = TrainingConfig.model_validate(
        {
            "dataset": {"name": "mnist", "image_size": 32},
            "network": {**network, "width": 4},
            "loss": "hinge",
            "z_dim": 3,
            "z_distribution": "uniform",
        }
    )
    state = build_state(config, 1, torch.device("cpu"))
    with torch.no_grad():
        for parameter in state.g_ema.parameters():
            parameter.add_(0.1)  # so that it is not what a new network has
    before = torch.random.get_rng_state()
    generator = load_generator(state.snapshot(), config, 1)
    assert not [name for name in generator.state_dict() if "parametrizations" in name]
    assert torch.equal(torch.random.get_rng_state(), before)
    z = draw_z(130, 3, "uniform", torch.Generator().manual_seed(5))
    images = torch.cat([part for part, _ in generate_uint8(generator, z.split(100))])
    expected = torch.cat([to_uint8(state.g_ema(z[:100])), to_uint8(state.g_ema(z[100:]))])
    assert images.shape == (130, 1, 32, 32)
    assert torch.equal(images, expected)
