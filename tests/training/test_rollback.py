"""A training that collapses goes back to the state before it, a bounded number of times; planted, with its controls."""

import io
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.several_workers import spoiled
from support.tiny_training import BATCH_SIZE, files, measured, run, tiny_trial, trial_folder
from torch import nn

from gan_study.config.training import TrialConfig
from gan_study.diagnosis.evidence import surviving_evaluations, trial_evidence
from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import RollbackRecord, TrialState
from gan_study.training import loop
from gan_study.training.batch_source import Batch, BatchSource
from gan_study.training.distributed import Workers
from gan_study.training.progress import Progress
from gan_study.training.state import update_ema
from gan_study.training.steps import accumulate_d_gradients


def returning(max_rollbacks: int = 2, **values: Any) -> TrialConfig:
    config = tiny_trial(**{"total_kimg": 0.6, "evaluate_every_kimg": 0.06, **values})
    update = {"on_collapse": "rollback", "max_rollbacks": max_rollbacks}
    return config.model_copy(update={"diagnosis": config.diagnosis.model_copy(update=update)})


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes both generators ignore their latents, or the averaged one give NaN, while the images are in (from, to]."""

    def plant(first: int, last: int, value: float = 0.0) -> None:
        def spoil(g_ema: nn.Module, generator: nn.Module, cur_nimg: int, *arguments: Any) -> None:
            update_ema(g_ema, generator, cur_nimg, *arguments)
            if first < cur_nimg <= last:
                with torch.no_grad():
                    for parameter in (*g_ema.parameters(), *(() if math.isnan(value) else generator.parameters())):
                        parameter.fill_(value)

        monkeypatch.setattr(loop, "update_ema", spoil)

    return plant


def backs(progress: list[Progress]) -> list[tuple[int, int]]:
    return [(back.cur_nimg, back.to_nimg) for back in progress[-1].status.rollbacks]


def checkpoint(location: Path, nimg: int) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(
        io.BytesIO(trial_folder(location).read_checkpoint(nimg)), map_location="cpu", weights_only=True
    )
    return content


def test_a_collapse_is_undone(prepared: Prepared, objective: Objective, tmp_path: Path, planted: Any) -> None:
    # Its first evaluation, at 180 images, is no collapse yet, but no state to go back to either.
    planted(130, 240)
    progress = run(returning(), prepared, tmp_path, objective)
    status, folder = progress[-1].status, trial_folder(tmp_path)
    assert (status.state, status.collapsed, status.cur_nimg) == (TrialState.COMPLETED, False, 600)
    assert backs(progress) == [(240, 120)]
    assert "latent sensitivity of the last two evaluations" in status.rollbacks[0].reason
    assert folder.read_status() == status
    evaluations = folder.read_evaluations()
    assert [e.cur_nimg for e in evaluations] == list(range(0, 601, 60))
    assert [e.num_d_steps for e in evaluations] == list(range(0, 31, 3))  # the budget is not refunded
    assert {e.cur_nimg: e.rolled_back_to for e in evaluations if e.rolled_back_to is not None} == {240: 120}
    assert all(earlier.train_sec < later.train_sec for earlier, later in pairwise(evaluations))
    assert evaluations[-1].signals is not None
    assert evaluations[-1].signals.duplicates == 0
    # What was given up is no evidence against the generator that came out, but can be looked at.
    evidence = trial_evidence(status, evaluations)
    assert [s.cur_nimg for s in evidence.signals] == [0, 60, 120, *range(300, 601, 60)]
    assert 240 in folder.sample_nimgs()


def test_what_is_gone_back_to(prepared: Prepared, objective: Objective, tmp_path: Path, planted: Any) -> None:
    run(returning(), prepared, tmp_path / "before", objective, num_evaluations=3)
    planted(130, 240)
    run(returning(), prepared, tmp_path / "after", objective, num_evaluations=5)
    assert trial_folder(tmp_path / "after").checkpoint_nimgs() == [60, 120, 180, 240]
    before, after = checkpoint(tmp_path / "before", 120), checkpoint(tmp_path / "after", 240)
    for name in ("generator", "discriminator", "g_ema"):
        assert all(torch.equal(after[name][key], value) for key, value in before[name].items())
    for name in ("g_optimizer", "d_optimizer"):
        assert after[name]["state"].keys() == before[name]["state"].keys()
        moments = [(after[name]["state"][k]["exp_avg"], v["exp_avg"]) for k, v in before[name]["state"].items()]
        assert all(torch.equal(found, expected) for found, expected in moments)
        (found,), (expected,) = after[name]["param_groups"], before[name]["param_groups"]
        assert found["lr"] == expected["lr"] / 2
    assert (after["counters"]["cur_nimg"], after["counters"]["num_d_steps"]) == (240, 12)
    status = trial_folder(tmp_path / "after").read_status()
    assert status is not None
    assert (status.state, status.cur_nimg, len(status.rollbacks)) == (TrialState.RUNNING, 240, 1)


def test_the_images_after_it_are_not_those_before(
    prepared: Prepared, objective: Objective, tmp_path: Path, planted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bytes] = []

    draw = BatchSource.draw

    def draw_noted(source: BatchSource, cur_nimg: int) -> Batch:
        drawn.append(draw(source, cur_nimg).z.numpy().tobytes())
        return draw(source, cur_nimg)

    monkeypatch.setattr(BatchSource, "draw", draw_noted)
    planted(130, 240)
    run(returning(), prepared, tmp_path, objective)
    assert len(drawn) == len(set(drawn)) == 600 // BATCH_SIZE


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_a_collapse_that_comes_again_is_the_end(
    value: float, prepared: Prepared, objective: Objective, tmp_path: Path, planted: Any
) -> None:
    planted(130, 10_000, value)
    progress = run(returning(), prepared, tmp_path, objective)
    status, folder = progress[-1].status, trial_folder(tmp_path)
    assert (status.state, status.collapsed) == (TrialState.STOPPED, True)
    # Images that are not finite are a failure at once.
    expected = [(240, 120), (360, 120)] if value == 0 else [(180, 120), (240, 120)]
    assert (backs(progress), status.cur_nimg) == (expected, 480 if value == 0 else 300)
    assert folder.checkpoint_nimgs() == []
    assert run(returning(), prepared, tmp_path, objective) == progress[-1:]


def test_learning_rates_halve_each_time(prepared: Prepared, objective: Objective, tmp_path: Path, planted: Any) -> None:
    planted(130, 10_000)
    run(returning(), prepared, tmp_path, objective, num_evaluations=7)
    (group,) = checkpoint(tmp_path, 360)["g_optimizer"]["param_groups"]
    assert group["lr"] == 0.01 / 4


@pytest.mark.parametrize("what", ["images", "loss"])
def test_a_step_that_is_not_finite_is_undone(
    what: str, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    # The third step and every one after it.
    with spoiled(what, Workers()):
        progress = run(returning(), prepared, tmp_path, objective)
    status = progress[-1].status
    assert (status.state, status.cur_nimg) == (TrialState.DIVERGED, 80)
    # The images of the steps that were not made count, or the next step would see the same again.
    assert backs(progress) == [(60, 0), (80, 60)]
    assert "discriminator's loss or gradient is not finite" in status.rollbacks[0].reason
    assert [e.cur_nimg for e in trial_folder(tmp_path).read_evaluations()] == [0, 60]


def test_an_absurd_learning_rate_is_given_up_after_its_rollbacks(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    progress = run(returning(max_rollbacks=3, d_lr=1e18), prepared, tmp_path, objective)
    assert progress[-1].status.state is TrialState.DIVERGED
    assert backs(progress) == [(20, 0), (40, 0), (60, 0)]
    assert "generator's loss or gradient is not finite" in progress[-1].status.rollbacks[-1].reason


def test_a_learning_rate_that_is_too_high_is_brought_down(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = returning(max_rollbacks=3, d_lr=1e18)
    lower = config.model_copy(update={"diagnosis": config.diagnosis.model_copy(update={"rollback_lr_factor": 1e-10})})
    progress = run(lower, prepared, tmp_path, objective)
    assert progress[-1].status.state is TrialState.COMPLETED
    assert 1 <= len(backs(progress)) <= 2  # 1e8 may still be too much, 1e-2 is not


@pytest.mark.parametrize("num_evaluations", [4, 5, 6])
def test_a_resumed_training_goes_back_as_an_uninterrupted_one(
    num_evaluations: int, prepared: Prepared, objective: Objective, tmp_path: Path, planted: Any
) -> None:
    planted(130, 240)
    whole = run(returning(), prepared, tmp_path / "whole", objective)
    run(returning(), prepared, tmp_path / "parts", objective, num_evaluations)
    rest = run(returning(), prepared, tmp_path / "parts", objective)
    assert rest[-1].status.rollbacks == whole[-1].status.rollbacks
    expected, found = (trial_folder(tmp_path / name).read_evaluations() for name in ("whole", "parts"))
    assert measured(found) == measured(expected)
    written = files(tmp_path / "whole", "samples", "snapshots")
    assert files(tmp_path / "parts", "samples", "snapshots") == written


def test_a_training_that_goes_back_within_an_evaluation_interval_resumes_alike(
    prepared: Prepared, objective: Objective, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = {"whole": [5], "parts": [5]}

    def once(name: str) -> None:
        calls = iter(range(1, 10_000))

        def spoil(*arguments: Any) -> Any:
            measures = accumulate_d_gradients(*arguments)
            return measures if next(calls) not in due[name] else replace(measures, loss=measures.loss * math.nan)

        monkeypatch.setattr(loop, "accumulate_d_gradients", spoil)

    once("whole")
    whole = run(returning(), prepared, tmp_path / "whole", objective)
    assert backs(whole) == [(100, 60)]
    once("parts")
    # The process dies as soon as it has gone back, at 100 images: the last files are those of the rollback.

    draw = BatchSource.draw

    def die(source: BatchSource, cur_nimg: int) -> Batch:
        if cur_nimg == 100:
            raise KeyboardInterrupt
        return draw(source, cur_nimg)

    monkeypatch.setattr(BatchSource, "draw", die)
    with pytest.raises(KeyboardInterrupt):
        run(returning(), prepared, tmp_path / "parts", objective)
    monkeypatch.setattr(BatchSource, "draw", draw)
    monkeypatch.setattr(loop, "accumulate_d_gradients", accumulate_d_gradients)
    assert trial_folder(tmp_path / "parts").checkpoint_nimgs() == [0, 60, 100]
    rest = run(returning(), prepared, tmp_path / "parts", objective)
    assert backs(rest) == [(100, 60)]
    expected, found = (trial_folder(tmp_path / name).read_evaluations() for name in ("whole", "parts"))
    assert measured(found) == measured(expected)
    assert files(tmp_path / "parts", "snapshots") == files(tmp_path / "whole", "snapshots")


def test_a_healthy_training_is_left_alone(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    watched = run(returning(), prepared, tmp_path / "watched", objective)
    assert (watched[-1].status.state, backs(watched)) == (TrialState.COMPLETED, [])
    config = tiny_trial(total_kimg=0.6, evaluate_every_kimg=0.06)
    run(config, prepared, tmp_path / "unwatched", objective)
    assert files(tmp_path / "watched", "samples", "snapshots") == files(tmp_path / "unwatched", "samples", "snapshots")


def test_which_evaluations_survive(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    progress = run(tiny_trial(), prepared, tmp_path, objective)
    evaluations = [p.evaluation for p in progress if p.evaluation]  # 0, 80, 160, 200
    within = RollbackRecord(cur_nimg=160, to_nimg=0, reason="")
    # The step at 160 images went back before the evaluation there.
    assert [e.cur_nimg for e in surviving_evaluations(evaluations, [within])] == [0, 160, 200]
    given_up = [e.model_copy(update={"rolled_back_to": 0 if e.cur_nimg == 160 else None}) for e in evaluations]
    assert [e.cur_nimg for e in surviving_evaluations(given_up, [within])] == [0, 200]
