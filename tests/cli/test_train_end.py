"""The last line of `train`: how it ended, and where the results lie."""

from pathlib import Path

import pytest
from support.command import TRAINING
from support.prepared_objective import Prepared

from gan_study.cli.train import train_one
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
