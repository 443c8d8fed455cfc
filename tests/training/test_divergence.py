"""A training whose numbers stop being finite ends at that step, and says when."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from support.prepared_objective import Prepared
from support.several_workers import PLANTED_AT, as_json, spoiled
from support.tiny_training import files, run, tiny_trial, trial_folder

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
def test_a_number_that_is_not_finite_ends_the_training_before_its_step(
    what: str, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    with spoiled(what, Workers()):
        (*_, last) = run(tiny_trial(), prepared, tmp_path, objective)
    assert (last.status.state, last.status.cur_nimg) == (TrialState.DIVERGED, 40)
    assert last.status.reason is not None
    assert f"at discriminator step {PLANTED_AT}, after 40 images" in last.status.reason


@pytest.mark.parametrize("most_unread", [3, 100])
@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("images", {}),
        ("loss", {"d_steps_per_g_step": 2}),
        ("the generator", {"loss": "wasserstein", "g_lr": 1e30, "total_kimg": 0.4, "evaluate_every_kimg": 0.12}),
    ],
)
@pytest.mark.parametrize("on_collapse", ["record", "rollback"])
def test_the_end_is_the_same_however_rarely_the_steps_are_read(
    what: str,
    values: dict[str, Any],
    on_collapse: str,
    most_unread: int,
    prepared: Prepared,
    objective: Objective,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On a GPU the measures are read after many steps, all of which are taken back from the first failed one on."""
    config = tiny_trial(**values)
    diagnosis = config.diagnosis.model_copy(update={"on_collapse": on_collapse})
    config = config.model_copy(update={"diagnosis": diagnosis})

    def trained(name: str) -> list[dict[str, Any]]:
        with spoiled(what, Workers()) if what != "the generator" else nullcontext():
            progress = run(config, prepared, tmp_path / name, objective)
        assert progress[-1].status.state is TrialState.DIVERGED
        assert len(progress[-1].status.rollbacks) == (2 if on_collapse == "rollback" else 0)
        return as_json(progress)

    expected = trained("every step")
    monkeypatch.setattr(loop, "most_unread_steps", lambda device: most_unread)
    assert trained("rarely") == expected
    assert files(tmp_path / "rarely", "samples", "snapshots") == files(tmp_path / "every step", "samples", "snapshots")
    found, known = (trial_folder(tmp_path / name).read_status() for name in ("rarely", "every step"))
    assert found is not None
    assert known is not None
    assert (found.rollbacks, found.reason) == (known.rollbacks, known.reason)


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
