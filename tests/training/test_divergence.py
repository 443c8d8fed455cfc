"""A training whose numbers stop being finite ends before the optimizer's step, and says when."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.several_workers import PLANTED_AT, spoiled
from support.tiny_training import run, tiny_trial, trial_folder

from gan_study.extractors.objective import Objective
from gan_study.runs.records.measurements import LossRecord
from gan_study.runs.records.status import TrialState
from gan_study.training import loop
from gan_study.training.distributed import Workers
from gan_study.training.measures.means import LossMeans
from gan_study.training.state import TrainingState, build_state
from gan_study.training.steps import StepMeasures


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[TrainingState]:
    """The state of every training that is begun, as the loop leaves it."""
    begun: list[TrainingState] = []

    def kept(*arguments: Any) -> TrainingState:
        begun.append(build_state(*arguments))
        return begun[-1]

    monkeypatch.setattr(loop, "build_state", kept)
    return begun


def weights(state: TrainingState) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": value.clone()
        for name in ("generator", "discriminator", "g_ema")
        for key, value in getattr(state, name).named_parameters()
    }


@pytest.mark.parametrize(
    ("values", "network", "step"),
    [
        # The second step meets logits that overflow.
        ({"loss": "wasserstein", "d_lr": 1e18}, "discriminator", 2),
        # The discriminator's step was finite, its logits for the generator are not.
        ({"d_lr": 1e18}, "generator", 1),
    ],
)
def test_a_learning_rate_that_is_far_too_high(
    values: dict[str, Any],
    network: str,
    step: int,
    prepared: Prepared,
    objective: Objective,
    states: list[TrainingState],
    tmp_path: Path,
) -> None:
    progress = run(tiny_trial(**values), prepared, tmp_path, objective)
    (state,) = states
    assert state.counters.num_d_steps == 1
    assert all(value.isfinite().all() for value in weights(state).values())
    assert [p.evaluation is None for p in progress] == [False, True]
    status = progress[-1].status
    assert (status.state, status.cur_nimg) == (TrialState.DIVERGED, 20)
    assert status.end_time is not None
    assert status.pid is None
    assert re.fullmatch(
        rf"the {network}'s loss or gradient is not finite \(loss \S+, gradient norm (nan|inf)\) "
        rf"at discriminator step {step}, after 20 images",
        status.reason or "",
    )


def test_the_run_folder_stays_readable(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = tiny_trial(loss="wasserstein", d_lr=1e18)
    progress = run(config, prepared, tmp_path, objective)
    folder = trial_folder(tmp_path)
    assert folder.read_status() == progress[-1].status
    assert folder.read_evaluations() == [p.evaluation for p in progress[:1]]
    assert (folder.sample_nimgs(), folder.snapshot_nimgs()) == ([0], [0])
    # It has ended: it is not begun again.
    (again,) = run(config, prepared, tmp_path, objective)
    assert again.status == progress[-1].status
    assert folder.read_status() == progress[-1].status


@pytest.mark.parametrize("what", ["images", "loss"])
def test_no_step_is_made_with_a_number_that_is_not_finite(
    what: str, prepared: Prepared, objective: Objective, states: list[TrainingState], tmp_path: Path
) -> None:
    # The first two steps alone, and the same two before a third one that is spoiled.
    run(tiny_trial(total_kimg=0.04, evaluate_every_kimg=0.04), prepared, tmp_path / "two", objective)
    with spoiled(what, Workers()):
        (*_, last) = run(tiny_trial(), prepared, tmp_path / "spoiled", objective)
    assert last.status.state is TrialState.DIVERGED
    assert last.status.reason is not None
    assert f"at discriminator step {PLANTED_AT}, after 40 images" in last.status.reason
    expected, found = (weights(state) for state in states)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("values", [{"g_lr": 1e18}, {"g_lr": 1e30, "network": {"name": "mlp", "width": 4}}])
def test_images_that_are_not_finite_have_no_score(
    values: dict[str, Any], prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    # The first step of the generator is also the last of the training. As uint8, not-a-number would pass for black.
    config = tiny_trial(total_kimg=0.02, evaluate_every_kimg=0.02, **values)
    first, last = run(config, prepared, tmp_path, objective)
    assert first.evaluation is not None
    assert first.evaluation.score is not None
    assert last.evaluation is not None
    assert last.evaluation.num_g_steps == 1
    assert (last.evaluation.score, last.evaluation.class_shares) == (None, None)
    assert trial_folder(tmp_path).read_evaluations() == [first.evaluation, last.evaluation]
    assert trial_folder(tmp_path).snapshot_nimgs() == [0, 20]


def test_means_that_are_not_finite_are_null(tmp_path: Path) -> None:
    """A hinge loss is 0 where a real logit is infinite, so such a training goes on, and its record must be readable."""
    means = LossMeans()
    for logit in (1.0, float("inf"), float("-inf")):
        means.d_steps.append(StepMeasures(loss=0.0, grad_norm=1.0, real_logit=logit, fake_logit=float("nan")))
        means.g_steps.append(StepMeasures(loss=0.5, grad_norm=0.0, output_gradient=float("inf")))
    losses = means.reduce(Workers(), num_stacks=1)
    assert losses is not None
    assert (losses.d_loss, losses.g_loss, losses.d_grad_norm) == (0.0, 0.5, 1.0)
    assert losses.real_logit is losses.fake_logit is losses.g_output_gradient is None
    assert LossRecord.model_validate_json(losses.model_dump_json()) == losses
