"""The optimizers: torch's, without its compiler."""

import subprocess
import sys

import pytest
import torch
from support.tiny_training import tiny_trial
from torch import Tensor, nn

from gan_study.training.optimizers import make_optimizer

TRAINING = tiny_trial().model_dump_json()


def trained(optimizer: torch.optim.Optimizer, weights: nn.Parameter) -> Tensor:
    """The weights after three steps, in the middle of which the optimizer's state is saved and loaded."""
    for step in range(3):
        optimizer.zero_grad()
        (weights**3).sum().backward()
        optimizer.step()
        if step == 1:
            optimizer.load_state_dict(optimizer.state_dict())
    return weights.detach()


@pytest.mark.parametrize("name", ["adam", "rmsprop"])
def test_steps_are_those_of_torch(name: str) -> None:
    ours, theirs = (nn.Parameter(torch.linspace(-1, 1, 7)) for _ in range(2))
    config = tiny_trial(optimizer=name, beta1=0.0 if name == "rmsprop" else 0.3, beta2=0.8).training
    peer = (
        torch.optim.RMSprop([theirs], lr=0.1, alpha=0.8)
        if name == "rmsprop"
        else torch.optim.Adam([theirs], lr=0.1, betas=(0.3, 0.8), fused=True)
    )
    after = trained(make_optimizer(config, 0.1, [ours]), ours)
    assert torch.equal(after, trained(peer, theirs))
    assert not torch.equal(after, torch.linspace(-1, 1, 7))


def test_a_training_does_not_import_the_compiler() -> None:
    code = f"""
import sys, torch
from gan_study.config.training import TrialConfig
from gan_study.training.state import build_state
state = build_state(TrialConfig.model_validate_json({TRAINING!r}).training, 1, torch.device("cpu"))
state.g_optimizer.zero_grad()
state.generator(torch.randn(2, 8)).sum().backward()
state.g_optimizer.step()
state.load_bytes(state.to_bytes())
print("torch._dynamo" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "False\n", answer.stderr
