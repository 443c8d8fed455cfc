"""A training that was abandoned and started again ends bit for bit where an uninterrupted one ends."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
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


def cut_short(checkpoint: bytes) -> bytes:
    return checkpoint[:10_000]


def with_flipped_bit(checkpoint: bytes) -> bytes:
    """The checkpoint with one bit of a weight changed, which torch would load."""
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as archive:
        weights = max(archive.infolist(), key=lambda part: part.file_size)
    place = weights.header_offset + 200 + weights.file_size // 2
    return checkpoint[:place] + bytes([checkpoint[place] ^ 1]) + checkpoint[place + 1 :]


def compressed(checkpoint: bytes) -> bytes:
    """The checkpoint as an attacker may pack one that unpacks without end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(checkpoint)) as known, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in known.namelist():
            packed.writestr(name, known.read(name))
    return buffer.getvalue()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda checkpoint: b"",
    "cut short": cut_short,
    "flipped bit": with_flipped_bit,
    "compressed": compressed,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("num_damaged", [1, 2])
def test_a_damaged_checkpoint_costs_the_training_since_the_one_before(
    prepared: Prepared, objective: Objective, tmp_path: Path, damage: str, num_damaged: int
) -> None:
    whole, folder = trial_folder(tmp_path / "whole"), trial_folder(tmp_path / "damaged")
    run(tiny_trial(), prepared, tmp_path / "whole", objective)
    run(tiny_trial(), prepared, tmp_path / "damaged", objective, num_evaluations=3)
    nimgs = folder.checkpoint_nimgs()
    assert nimgs == [80, 160]
    for nimg in nimgs[2 - num_damaged :]:
        path = folder.storage.local_path(f"checkpoints/{nimg:08d}.pt")
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    rest = run(tiny_trial(), prepared, tmp_path / "damaged", objective)
    again = [0, 80, 160, 200] if num_damaged == 2 else [160, 200]
    assert [p.evaluation.cur_nimg for p in rest if p.evaluation] == again
    assert rest[-1].status.damaged_checkpoints == tuple(reversed(nimgs[2 - num_damaged :]))
    assert measured(folder.read_evaluations()) == measured(whole.read_evaluations())
    assert files(tmp_path / "damaged", "samples", "snapshots") == files(tmp_path / "whole", "samples", "snapshots")


def test_a_checkpoint_of_another_training_is_a_message(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    run(tiny_trial(network=MLP), prepared, tmp_path / "other", objective, num_evaluations=2)
    run(tiny_trial(), prepared, tmp_path / "own", objective, num_evaluations=2)
    folder = trial_folder(tmp_path / "own")
    folder.add_checkpoint(80, trial_folder(tmp_path / "other").read_checkpoint(80))
    with pytest.raises(InputError) as caught:
        run(tiny_trial(), prepared, tmp_path / "own", objective)
    message = str(caught.value)
    assert message.startswith(
        f"{folder.storage.location}/checkpoints/00000080.pt: a checkpoint must be of this training"
    )


class Trap:
    """An object whose pickle makes a folder when it is loaded."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.place,)


def test_a_checkpoint_runs_no_code(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=2)
    folder, buffer = trial_folder(tmp_path), io.BytesIO()
    torch.save({"generator": Trap(str(tmp_path / "trap"))}, buffer)
    folder.add_checkpoint(80, buffer.getvalue())
    with pytest.raises(InputError, match="a checkpoint must be of this training, but got one of another"):
        run(tiny_trial(), prepared, tmp_path, objective)
    assert not (tmp_path / "trap").exists()


def test_an_optimizer_s_state_of_other_shapes_is_refused(
    prepared: Prepared, objective: Objective, tmp_path: Path
) -> None:
    """Fused Adam would read beyond the end of a tensor that is too short."""
    run(tiny_trial(), prepared, tmp_path, objective, num_evaluations=2)
    folder, buffer = trial_folder(tmp_path), io.BytesIO()
    content = torch.load(io.BytesIO(folder.read_checkpoint(80)), weights_only=True)
    content["g_optimizer"]["state"][0]["exp_avg"] = torch.zeros(1)
    torch.save(content, buffer)
    folder.add_checkpoint(80, buffer.getvalue())
    with pytest.raises(InputError, match=r"the optimizer's exp_avg has the shape \(1,\)"):
        run(tiny_trial(), prepared, tmp_path, objective)


@pytest.mark.parametrize("num_lines", [0, 1, 2])
def test_lost_lines_of_the_metrics_come_back_from_the_checkpoint(
    prepared: Prepared, objective: Objective, tmp_path: Path, num_lines: int
) -> None:
    run(tiny_trial(), prepared, tmp_path / "whole", objective)
    run(tiny_trial(), prepared, tmp_path / "cut", objective, num_evaluations=3)
    folder = trial_folder(tmp_path / "cut")
    folder.write_evaluations(folder.read_evaluations()[:num_lines])
    rest = run(tiny_trial(), prepared, tmp_path / "cut", objective)
    assert [p.evaluation.cur_nimg for p in rest if p.evaluation] == [200]
    assert measured(folder.read_evaluations()) == measured(trial_folder(tmp_path / "whole").read_evaluations())


def test_evaluations_after_the_checkpoint_come_again(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    # A process that died after it had written its third evaluation and before that one's checkpoint.
    run(tiny_trial(), prepared, tmp_path / "whole", objective)
    run(tiny_trial(), prepared, tmp_path / "died", objective, num_evaluations=2)
    folder = trial_folder(tmp_path / "died")
    run(tiny_trial(), prepared, tmp_path / "died", objective, num_evaluations=1)
    assert folder.checkpoint_nimgs() == [80, 160]
    folder.delete_checkpoints({80})
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
