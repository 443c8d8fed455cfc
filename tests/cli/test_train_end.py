"""The last line of `train`: how it ended, and where the results lie."""

from pathlib import Path

import pytest
from prepared_objective import Prepared

from gan_study.cli.train_verb import train_one

TRAINING = """\
training:
  dataset: {name: digits, image_size: 16}
  network: {name: mlp, width: 16}
  loss: least_squares
  batch_size: 50
  total_kimg: 0.1
  evaluate_every_kimg: 0.1
  objective: {num_samples: 200}
"""


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
