"""A study stops a trial that trains on for a while, as several workers do: the study's end holds."""

from pathlib import Path

import pytest
from support.prepared_objective import Prepared
from support.several_workers import spoiled
from support.tiny_training import tiny_trial, trial_folder

from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.output.checkpoints import TakenOverError, write_checkpoint_or_end, write_progress
from gan_study.training.output.status import ended_status
from gan_study.training.state import build_state

STOPPED = TrialStatus(state=TrialState.STOPPED, cur_nimg=80, reason="not among its arm's best at 80 images")


@pytest.mark.parametrize("num_received", [2, 3])
def test_what_is_finished_after_the_stop_is_left_out(
    prepared: Prepared, objective: Objective, tmp_path: Path, num_received: int
) -> None:
    """After two evaluations a third would follow, after three the end."""
    folder = trial_folder(tmp_path)
    steps = train(tiny_trial(), prepared.dataset, objective, folder, Workers())
    for _ in range(num_received):
        next(steps)
    folder.write_status(STOPPED)
    folder.delete_checkpoints()
    (last,) = steps
    assert (last.status, last.evaluation) == (STOPPED, None)
    assert folder.read_status() == STOPPED
    assert folder.checkpoint_nimgs() == []
    assert len(folder.read_evaluations()) == len(folder.sample_nimgs()) == num_received


def test_a_divergence_after_the_stop_is_left_out(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    folder = trial_folder(tmp_path)
    with spoiled("loss", Workers()):
        steps = train(tiny_trial(), prepared.dataset, objective, folder, Workers())
        next(steps)
        folder.write_status(STOPPED)
        (last,) = steps
    assert last.status == STOPPED
    assert folder.read_status() == STOPPED


def test_a_process_that_was_replaced_writes_nothing_more(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    """A machine that was cut off from the cluster trains on for a while, beside the one that has its trial now."""
    folder = trial_folder(tmp_path)
    steps = train(tiny_trial(), prepared.dataset, objective, folder, Workers())
    next(steps)
    before = folder.read_status()
    assert before is not None
    folder.write_status(before.model_copy(update={"host": "elsewhere", "num_restarts": 1}))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(TakenOverError, match=f"process {before.pid} on elsewhere"):
        next(steps)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_no_write_overwrites_an_end(tmp_path: Path) -> None:
    folder, state = trial_folder(tmp_path), build_state(tiny_trial().training, 1, Workers().device)
    running = TrialStatus(state=TrialState.RUNNING)
    folder.write_status(STOPPED)
    write_checkpoint_or_end(state, running, folder)
    write_checkpoint_or_end(state, ended_status(running, TrialState.COMPLETED, 200), folder)
    write_progress(state, running, [], folder)
    assert folder.read_status() == STOPPED
    assert folder.checkpoint_nimgs() == []
    assert not folder.storage.exists("metrics.jsonl")
