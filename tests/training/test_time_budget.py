"""A training whose length is given in seconds of its devices, on a clock that the test turns."""

from pathlib import Path

import pytest
from support.prepared_objective import Prepared
from support.several_workers import spoiled
from support.tiny_training import run, tiny_trial, trial_folder

from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import TrialState
from gan_study.training import loop
from gan_study.training.distributed import Workers
from gan_study.training.measures import evaluator


class Clock:
    """A second passes at every reading: one for each step, two for each evaluation (the second is for writing)."""

    def __init__(self) -> None:
        self._now = 0.0

    def perf_counter(self) -> float:
        self._now += 1
        return self._now


@pytest.fixture(autouse=True)
def _turned_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    for module in (loop, evaluator):
        monkeypatch.setattr(module, "time", clock)


def evaluated_at(location: Path) -> list[tuple[int, float]]:
    """Return images and seconds used at every evaluation."""
    return [(e.cur_nimg, e.train_sec + e.evaluate_sec) for e in trial_folder(location).read_evaluations()]


def test_it_ends_at_the_step_that_spends_the_last_second(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    *_, last = run(tiny_trial(device_sec=9), prepared, tmp_path, objective)
    assert last.status.state is TrialState.COMPLETED
    # 2 s for the evaluation at 0 images, 4 for its steps, 2 for the next evaluation, 1 for the step that spends the
    # ninth. The evaluation at the end comes on top.
    assert evaluated_at(tmp_path) == [(0, 1.0), (80, 7.0), (100, 10.0)]
    # The estimated number of images is no limit.
    *_, last = run(tiny_trial(device_sec=30, total_kimg=0.1), prepared, tmp_path / "long", objective)
    assert last.status.cur_nimg > 100


def test_there_is_always_a_step_and_an_evaluation_after_it(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    run(tiny_trial(device_sec=0.5), prepared, tmp_path, objective)
    assert [nimg for nimg, _ in evaluated_at(tmp_path)] == [0, 20]


def test_a_resumed_one_goes_on_with_what_it_has_used(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = tiny_trial(device_sec=9)
    run(config, prepared, tmp_path, objective, num_evaluations=2)
    *_, last = run(config, prepared, tmp_path, objective)
    # The second that wrote the last checkpoint is not in it.
    assert evaluated_at(tmp_path) == [(0, 1.0), (80, 7.0), (120, 10.0)]
    assert last.status.state is TrialState.COMPLETED


def test_one_that_was_used_up_when_it_died_still_comes_to_its_end(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    run(tiny_trial(device_sec=9), prepared, tmp_path, objective, num_evaluations=2)
    *_, last = run(tiny_trial(device_sec=5), prepared, tmp_path, objective)
    assert (last.status.state, last.status.cur_nimg) == (TrialState.COMPLETED, 100)


def test_a_diverged_one_says_what_it_has_used(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    *_, last = run(tiny_trial(device_sec=50, g_lr=1e30, d_lr=1e30), prepared, tmp_path, objective)
    assert last.status.state is TrialState.DIVERGED
    used = last.status.seconds
    assert used is not None
    assert used >= evaluated_at(tmp_path)[-1][1]


def test_a_step_that_leads_to_a_rollback_is_counted(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    config = tiny_trial(total_kimg=0.12, evaluate_every_kimg=0.06)
    diagnosis = config.diagnosis.model_copy(update={"on_collapse": "rollback"})
    with spoiled("loss", Workers(), once=True):
        *_, last = run(config.model_copy(update={"diagnosis": diagnosis}), prepared, tmp_path, objective)
    assert [(back.cur_nimg, back.to_nimg) for back in last.status.rollbacks] == [(60, 0)]
    # Three steps before the second evaluation, and a second for the return after the third of them.
    assert [e.train_sec for e in trial_folder(tmp_path).read_evaluations()] == [0, 4, 7]
