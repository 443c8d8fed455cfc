"""Random numbers from a generator of one's own: those of the global one, whatever other threads draw from that."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.tiny_training import tiny_trial
from torch import Tensor

from gan_study.gan.networks import build_networks
from gan_study.gan.own_randomness import OwnRandomness

NETWORKS: list[dict[str, Any]] = [
    {"name": "dcgan", "width": 4, "spectral_norm": True},
    {"name": "dcgan", "width": 4},
    {"name": "mlp"},
]


def weights(network: dict[str, Any]) -> dict[str, Tensor]:
    training = tiny_trial(network=network).training
    built = build_networks(training.network, 16, 1, training.z_dim, 1)
    return {f"{i}.{name}": values for i, each in enumerate(built) for name, values in each.state_dict().items()}


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_are_those_of_the_seed_while_another_thread_draws_from_the_global_state(
    network: dict[str, Any],
) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        expected = weights(network)
    done = threading.Event()

    def draw() -> None:
        while not done.is_set():
            torch.rand(1)

    with torch.random.fork_rng(devices=[]):
        other = threading.Thread(target=draw)
        other.start()
        for _ in range(5):
            with OwnRandomness(7):
                found = weights(network)
            assert found.keys() == expected.keys()
            assert all(torch.equal(found[name], expected[name]) for name in expected)
        done.set()
        other.join()


def test_the_global_state_stays_as_it_is() -> None:
    before = torch.get_rng_state()
    with OwnRandomness(7):
        own = torch.empty(3).normal_()
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(own, torch.empty(3).normal_(generator=torch.Generator().manual_seed(7)))


def test_what_takes_no_generator_is_refused() -> None:
    with OwnRandomness(7), pytest.raises(AssertionError, match=r"aten\.native_dropout.* from torch's global state"):
        torch.native_dropout(torch.ones(3), 0.5, True)


@pytest.mark.parametrize("draw", [torch.rand, torch.randn, lambda num, **g: torch.randint(9, (num,), **g)])
def test_functions_that_make_tensors_draw_from_it(draw: Callable[..., torch.Tensor]) -> None:
    before = torch.get_rng_state()
    with OwnRandomness(7):
        own = draw(3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(own, draw(3, generator=torch.Generator().manual_seed(7)))
