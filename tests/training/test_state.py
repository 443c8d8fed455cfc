"""Averaged weights, initial weights, and checkpoints that bring everything back."""

import copy
from typing import Any

import pytest
import torch
from safetensors.torch import load
from support.tiny_training import tiny_trial
from torch import nn

from gan_study.training.state import TrainingState, build_state, update_ema

CPU = torch.device("cpu")


def network(weight: float, mean: float, num_batches: int) -> nn.Module:
    """One weight, one running mean, and an integer buffer."""
    norm = nn.BatchNorm1d(1)
    with torch.no_grad():
        norm.weight.fill_(weight)
    norm.running_mean = torch.tensor([mean])
    norm.num_batches_tracked = torch.tensor(num_batches)
    return norm


@pytest.mark.parametrize(
    ("cur_nimg", "batch_size", "half_life_kimg", "share_of_old"),
    [
        (100_000, 1000, 1.0, 0.5),  # one half-life
        (100_000, 2000, 1.0, 0.25),  # two half-lives
        (100_000, 500, 1.0, 0.5**0.5),
        (2000, 100, 1.0, 0.5),  # at first a twentieth of the images seen: 100
        (2000, 100, 0.05, 0.25),  # the half-life asked for is the shorter one: 50
    ],
)
def test_averaged_weights_worked_out_by_hand(
    cur_nimg: int, batch_size: int, half_life_kimg: float, share_of_old: float
) -> None:
    g_ema, generator = network(2.0, -1.0, 3), network(4.0, 7.0, 9)
    update_ema(g_ema, generator, cur_nimg, batch_size, half_life_kimg)
    state = g_ema.state_dict()
    assert state["weight"].item() == pytest.approx(2 * share_of_old + 4 * (1 - share_of_old), rel=1e-6)
    assert state["running_mean"].item() == pytest.approx(-share_of_old + 7 * (1 - share_of_old), rel=1e-6)
    assert generator.state_dict()["weight"].item() == 4.0


@pytest.mark.parametrize(("cur_nimg", "half_life_kimg"), [(64, 0.0), (10_000, 0.0), (0, 10.0)])
def test_a_half_life_of_0_copies(cur_nimg: int, half_life_kimg: float) -> None:
    g_ema, generator = network(2.0, -1.0, 3), network(0.1, 0.3, 9)
    update_ema(g_ema, generator, cur_nimg, 64, half_life_kimg)
    for name in ("weight", "bias", "running_mean", "running_var"):
        assert torch.equal(g_ema.state_dict()[name], generator.state_dict()[name])


def state_of(**values: object) -> TrainingState:
    return build_state(tiny_trial(**values).training, num_channels=1, device=CPU)


def weights(state: TrainingState) -> list[torch.Tensor]:
    return [*state.generator.parameters(), *state.discriminator.parameters()]


def test_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = weights(state_of())
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    again, other = weights(state_of(g_lr=1.0, batch_size=32)), weights(state_of(seed=1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_averaged_generator_starts_as_the_generator() -> None:
    state = state_of()
    assert all(
        torch.equal(a, b)
        for a, b in zip(state.g_ema.state_dict().values(), state.generator.state_dict().values(), strict=True)
    )
    assert (state.generator.training, state.discriminator.training, state.g_ema.training) == (True, True, False)
    assert not any(p.requires_grad for p in state.g_ema.parameters())


def test_learning_rates_and_decay_rates_reach_their_optimizers() -> None:
    state = state_of(g_lr=0.001, d_lr=0.002, beta1=0.3, beta2=0.7)
    (g_group,), (d_group,) = state.g_optimizer.param_groups, state.d_optimizer.param_groups
    assert (g_group["lr"], g_group["betas"]) == (0.001, (0.3, 0.7))
    assert (d_group["lr"], d_group["betas"]) == (0.002, (0.3, 0.7))
    assert g_group["params"] == list(state.generator.parameters())
    assert d_group["params"] == list(state.discriminator.parameters())


def test_rmsprop_has_the_second_decay_rate() -> None:
    state = state_of(optimizer="rmsprop", g_lr=0.001, d_lr=0.002, beta2=0.7)
    for optimizer, lr in ((state.g_optimizer, 0.001), (state.d_optimizer, 0.002)):
        assert isinstance(optimizer, torch.optim.RMSprop)
        (group,) = optimizer.param_groups
        assert (group["lr"], group["alpha"], group["momentum"]) == (lr, 0.7, 0)
    # The first step is -lr g / sqrt((1 - alpha) g^2): the gradient's size does not count.
    before = weights(state)[0].detach().clone()
    step(state)
    change = weights(state)[0].detach() - before
    torch.testing.assert_close(change.abs(), torch.full_like(change, 0.001 / 0.3**0.5), rtol=1e-4, atol=0)


@pytest.mark.parametrize("pac", [1, 3])
def test_the_discriminator_has_a_channel_for_each_image_of_a_stack(pac: int) -> None:
    state = build_state(tiny_trial(pac=pac, batch_size=12).training, num_channels=2, device=CPU)
    assert state.discriminator(torch.zeros(4, pac * 2, 16, 16)).shape == (4,)
    assert state.generator(torch.zeros(4, 8)).shape == (4, 2, 16, 16)


def step(state: TrainingState) -> None:
    for net, optimizer in ((state.generator, state.g_optimizer), (state.discriminator, state.d_optimizer)):
        for parameter in net.parameters():
            parameter.grad = torch.sin(parameter.detach() * 1e3)
        optimizer.step()


SPECTRAL = {"name": "dcgan", "width": 4, "spectral_norm": True}


@pytest.mark.parametrize(
    "values",
    [{}, {"precision": "float64"}, {"optimizer": "rmsprop"}, {"network": SPECTRAL}],
    ids=["float32", "float64", "rmsprop", "spectral norm"],
)
def test_a_checkpoint_brings_everything_back(values: dict[str, Any]) -> None:
    state = state_of(**values)
    step(state)
    dtype = getattr(torch, values.get("precision", "float32"))
    # Changes batch norm's running statistics, and spectral norm's singular vectors.
    state.discriminator(state.generator(torch.randn(4, 8, dtype=dtype)))
    state.counters.cur_nimg, state.counters.num_d_steps, state.counters.num_g_steps = 640, 20, 5
    state.counters.train_sec, state.counters.evaluate_sec = 1.25, 0.5
    update_ema(state.g_ema, state.generator, 640, 32, 0.05)
    restored = state_of(**values, seed=9)
    restored.load_bytes(state.to_bytes())
    assert restored.counters == state.counters
    for name in ("generator", "discriminator", "g_ema"):
        expected, found = getattr(state, name).state_dict(), getattr(restored, name).state_dict()
        assert list(found) == list(expected)
        assert all(torch.equal(found[key], expected[key]) for key in expected), name
    # The optimizers' moments: the next step is the same too.
    step(state)
    step(restored)
    assert all(torch.equal(a, b) for a, b in zip(weights(restored), weights(state), strict=True))


def test_a_checkpoint_of_another_network_is_refused() -> None:
    checkpoint = state_of().to_bytes()
    with pytest.raises(RuntimeError, match="size mismatch"):
        state_of(network={"name": "dcgan", "width": 8}).load_bytes(checkpoint)


def test_a_snapshot_is_the_averaged_generator() -> None:
    state = state_of()
    with torch.no_grad():
        for tensor in state.g_ema.parameters():
            tensor.add_(1)
    expected = copy.deepcopy(state.g_ema.state_dict())
    snapshot = load(state.snapshot())
    assert snapshot.keys() == expected.keys()
    assert all(torch.equal(snapshot[name], expected[name]) for name in expected)
