"""A training that was abandoned and started again ends bit for bit where an uninterrupted one ends."""

from pathlib import Path
from typing import Any

import pytest
from support.prepared_objective import Prepared
from support.tiny_training import files, measured, run, tiny_trial, trial_folder

from gan_study.errors import InputError
from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import TrialState

MLP = {"name": "mlp", "width": 16}
TRAININGS: dict[str, dict[str, Any]] = {
    "least_squares": {},
    "wgan_gp": {"loss": "wasserstein", "penalty": "wgan_gp", "d_steps_per_g_step": 2},
    "weight_clip": {"loss": "wasserstein", "penalty": "weight_clip", "d_steps_per_g_step": 3},
    "mlp": {"network": MLP, "loss": "non_saturating"},
    "mlp with batch norm, float64": {"network": {**MLP, "discriminator_norm": "batch"}, "precision": "float64"},
    "no averaging, unequal learning rates": {"ema_half_life_kimg": 0, "d_lr": 0.1, "beta1": 0, "beta2": 0.5},
}


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("num_evaluations", [1, 2, 3])
def test_an_abandoned_training_ends_as_an_uninterrupted_one(
    name: str, num_evaluations: int, prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    config = tiny_trial(**TRAININGS[name])
    whole = run(config, prepared, tmp_path / "whole", objective)
    begun = run(config, prepared, tmp_path / "abandoned", objective, num_evaluations)
    rest = run(config, prepared, tmp_path / "abandoned", objective)
    assert (len(begun), len(rest)) == (num_evaluations, 4 - num_evaluations)
    expected, resumed = (trial_folder(tmp_path / folder).read_evaluations() for folder in ("whole", "abandoned"))
    assert measured(resumed) == measured(expected) == measured([p.evaluation for p in whole if p.evaluation])
    written = files(tmp_path / "whole", "samples", "snapshots")
    assert len(written) >= 5
    assert files(tmp_path / "abandoned", "samples", "snapshots") == written


def test_what_a_restart_leaves_in_the_records(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    folder = trial_folder(tmp_path)
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=2)
    first = folder.read_status()
    assert first is not None
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=1)
    second = folder.read_status()
    assert second is not None
    assert (second.state, second.num_restarts, second.start_time) == (TrialState.RUNNING, 1, first.start_time)
    (*_, last) = run(tiny_trial(), prepared, tmp_path, objective)
    assert (last.status.state, last.status.num_restarts, last.status.start_time) == (
        TrialState.COMPLETED, 2, first.start_time,
    )  # fmt: skip
    seconds = [(e.train_sec, e.evaluate_sec) for e in folder.read_evaluations()]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("num_bytes", [0, 100, 10_000])
def test_a_checkpoint_that_is_cut_short_is_a_message(
    prepared: Prepared, objective: Objective, tmp_path: Path, num_bytes: int
) -> None:
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=2)
    folder = trial_folder(tmp_path)
    (nimg,) = folder.checkpoint_nimgs()
    folder.replace_checkpoint(nimg, folder.read_checkpoint(nimg)[:num_bytes])
    with pytest.raises(InputError) as caught:
        run(tiny_trial(), prepared, tmp_path, objective)
    message = str(caught.value)
    assert message.startswith(f"{folder.storage.location}/checkpoints/{nimg:08d}.pt: a checkpoint must be whole")
    assert "but got one that is cut short, damaged or another training's (" in message
    folder.delete_checkpoints()
    (*_, last) = run(tiny_trial(), prepared, tmp_path, objective)
    assert last.status.state is TrialState.COMPLETED


def test_evaluations_after_the_checkpoint_come_again(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    # A process that died after it had written its third evaluation and before that one's checkpoint.
    run(tiny_trial(), prepared, tmp_path / "whole", objective)
    run(tiny_trial(), prepared, tmp_path / "died", objective, num_evaluations=2)
    folder = trial_folder(tmp_path / "died")
    checkpoint = folder.read_checkpoint(80)
    run(tiny_trial(), prepared, tmp_path / "died", objective, num_evaluations=1)
    assert folder.checkpoint_nimgs() == [160]
    folder.replace_checkpoint(80, checkpoint)
    rest = run(tiny_trial(), prepared, tmp_path / "died", objective)
    assert [p.evaluation.cur_nimg for p in rest if p.evaluation] == [160, 200]
    assert measured(folder.read_evaluations()) == measured(trial_folder(tmp_path / "whole").read_evaluations())


def test_a_training_that_died_before_its_first_checkpoint_starts_anew(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=1)
    trial_folder(tmp_path).delete_checkpoints()
    progress = run(tiny_trial(), prepared, tmp_path, objective)
    assert [p.evaluation.cur_nimg for p in progress if p.evaluation] == [0, 80, 160, 200]
    assert progress[-1].status.num_restarts == 1
    assert len(trial_folder(tmp_path).read_evaluations()) == 4
