"""The last line of `train`: how it ended, and where the results lie."""

from pathlib import Path

import pytest
from support.command import TRAINING
from support.prepared_objective import Prepared

from gan_study.cli.train import train_one
from gan_study.evaluation import whole_trial
from gan_study.runs.folder import RunFolder


def test_a_training_says_where_its_results_lie_and_if_it_had_ended_before(
    prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(TRAINING)
    results = f"metrics.jsonl, samples and snapshots are in {tmp_path}/out/arms/train/trial"
    train_one(str(config), str(tmp_path / "out"), "cpu")
    assert capsys.readouterr().out.splitlines()[-1] == f"completed at 100 images; {results}"
    train_one(str(config), str(tmp_path / "out"), "cpu")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"completed at 100 images, in an earlier run: nothing was trained now; {results}"
    assert (tmp_path / "out/arms/train/trial/snapshots/00000100.safetensors").exists()


def test_end_work_that_fails_is_reported_and_made_by_the_same_command(
    prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise MemoryError

    config = tmp_path / "config.yaml"
    config.write_text("phase: confirm\ndiagnosis: {at_end: none}\n" + TRAINING + "  z_dim: 8\n")
    trial = RunFolder(str(tmp_path / "out")).trial("train", "trial")
    with monkeypatch.context() as patches:
        patches.setattr(whole_trial, "write_end_images", fail)
        patches.setattr(whole_trial, "compute_final_scores", lambda *_: None)
        train_one(str(config), str(tmp_path / "out"), "cpu")
    warning = "the training is complete, but its picture of images between latents could not be made (MemoryError)"
    assert f"warning: {trial.storage.location}: {warning}" in capsys.readouterr().err
    train_one(str(config), str(tmp_path / "out"), "cpu")
    assert trial.read_interpolation() is not None
    assert "could not be made" not in capsys.readouterr().err


def test_a_confirmed_trial_ends_as_it_does_in_a_study(prepared: Prepared, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("phase: confirm\n" + TRAINING)
    train_one(str(config), str(tmp_path / "out"), "cpu")
    trial = RunFolder(str(tmp_path / "out")).trial("train", "trial")
    diagnosis, scores = trial.read_diagnosis(), trial.read_final_scores()
    assert diagnosis is not None
    assert diagnosis.cur_nimg == 100
    assert scores is not None
    assert len(scores.draws) == 3
    assert trial.read_interpolation() is not None
