"""A training in bf16 computes in bfloat16 inside its networks alone, and so learns almost what float32 learns."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import numbers, run, tiny_trial
from torch import Tensor, nn

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.trial_configs import search_trial_config
from gan_study.config.base import Scalar
from gan_study.config.reading.load import parse_study
from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.errors import InputError
from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import TrialState
from gan_study.training import loop
from gan_study.training.batch_source import BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.precision import check_precision, network_arithmetic
from gan_study.training.state import TrainingState, build_state
from gan_study.training.steps import StepMeasures, accumulate_d_gradients, accumulate_g_gradients

SPECTRAL = {"name": "dcgan", "width": 8, "spectral_norm": True, "discriminator_norm": "batch"}


def gradients(
    training: TrainingConfig, prepared: Prepared
) -> tuple[TrainingState, StepMeasures[float], StepMeasures[float]]:
    """The networks with the gradients of the first step of both, and its measures."""
    state = build_state(training, 1, torch.device("cpu"))
    real_images, z, noise, *_ = BatchSource(training, prepared.dataset, Workers()).draw(0)
    with network_arithmetic(training, z.device):
        fake_images = state.generator(z).to(z.dtype)
    d_measures = accumulate_d_gradients(training, state.discriminator, real_images, fake_images, noise)
    g_measures = accumulate_g_gradients(training, state.generator, state.discriminator, fake_images)
    return state, numbers(d_measures), numbers(g_measures)


def test_gradients_are_those_of_float32_but_for_rounding(prepared: Prepared) -> None:
    values = {"network": SPECTRAL, "loss": "hinge", "penalty": "wgan_gp"}
    exact, short = (gradients(tiny_trial(precision=p, **values).training, prepared) for p in ("float32", "bf16"))
    for network in ("generator", "discriminator"):
        pairs = zip(*(getattr(state, network).parameters() for state, _, _ in (exact, short)), strict=True)
        found, expected = (torch.cat([p.grad.flatten() for p in parameters]) for parameters in zip(*pairs, strict=True))
        assert found.dtype is torch.float32
        assert not torch.equal(found, expected)
        assert torch.nn.functional.cosine_similarity(found, expected, dim=0) > 0.99
    # The generated images that the penalty starts from are rounded, the rest of it is not.
    assert short[1].penalty == pytest.approx(exact[1].penalty, rel=0.01)
    assert short[1].loss == pytest.approx(exact[1].loss, rel=0.05)
    assert short[2].loss == pytest.approx(exact[2].loss, rel=0.05, abs=0.01)


def test_what_stays_in_float32(
    prepared: Prepared, objective: Objective, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    states: list[TrainingState] = []
    computed: list[tuple[str, bool, torch.dtype]] = []

    def build_watched(*arguments: Any) -> TrainingState:
        states.append(build_state(*arguments))
        for name in ("generator", "discriminator", "g_ema"):
            first = next(m for m in getattr(states[0], name).modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d))

            def note(layer: nn.Module, inputs: tuple[Tensor], output: Tensor, name: str = name) -> None:
                computed.append((name, inputs[0].requires_grad, output.dtype))

            first.register_forward_hook(note)
        return states[0]

    monkeypatch.setattr(loop, "build_state", build_watched)
    config = tiny_trial(network=SPECTRAL, penalty="r1", precision="bf16")
    *_, last = run(config, prepared, tmp_path, objective)
    assert last.status.state is TrialState.COMPLETED
    assert last.evaluation is not None
    assert last.evaluation.losses is not None
    (state,) = states
    for network in (state.generator, state.discriminator, state.g_ema):
        assert {t.dtype for t in network.state_dict().values() if t.is_floating_point()} == {torch.float32}
    moments = [t for o in (state.g_optimizer, state.d_optimizer) for kept in o.state.values() for t in kept.values()]
    assert {t.dtype for t in moments} == {torch.float32}
    # Steps are in bfloat16, all else in float32: the scores and signals of evaluations, and the penalty's own pass over
    # the images, whose gradients it needs.
    found = set(computed)
    assert {("generator", False, torch.bfloat16), ("discriminator", False, torch.bfloat16)} <= found
    assert ("discriminator", True, torch.float32) in found
    assert {dtype for name, _, dtype in found if name == "g_ema"} == {torch.float32}


def test_a_gpu_without_bfloat16_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "an old GPU")
    device = torch.device("cuda", 0)
    check_precision(tiny_trial().training, device)
    message = (
        "training.precision: bf16 needs a GPU that computes in bfloat16, but got an old GPU; use precision: float32"
    )
    with pytest.raises(InputError, match=message):
        check_precision(tiny_trial(precision="bf16").training, device)


def test_an_arm_may_search_the_precision() -> None:
    study = """\
name: s
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 4}
arms:
  one: {network: mlp, loss: hinge}
  two: {network: mlp, loss: hinge, precision: bf16}
search_space: {precision: {choice: [float32, bf16]}}
"""
    one, two = arms_of(parse_study(study, "s.yaml"))
    assert [parameter.name for parameter in one.parameters] == ["precision"]
    assert two.parameters == ()
    drawn: dict[str, Scalar] = {"precision": "bf16"}
    for arm, searched, precision in ((one, drawn, "bf16"), (one, {}, "float32"), (two, {}, "bf16")):
        config = search_trial_config(arm, 0, searched, num_train_images=100)
        assert TrialConfig.model_validate_json(config.model_dump_json()).training.precision == precision
