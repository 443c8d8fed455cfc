"""`gan_study train`: one GAN without Ray, on one process and under torchrun."""

import json
import os
import re
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from support.prepared_objective import Prepared
from support.tiny_training import tiny_trial

from gan_study.cli import train as train_verb
from gan_study.cli.train import TrainingDivergedError, train_one
from gan_study.config.reading.trial_file import load_trial
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState
from gan_study.training.distributed import Workers, join_process_group

MODULE = ["-m", "gan_study", "train"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", *MODULE]


def write_config(folder: Path, **values: Any) -> Path:
    """The YAML file of a tiny training, as a user would write it: JSON is YAML too."""
    training = tiny_trial(network={"name": "mlp", "width": 16}, **values).training
    path = folder / "config.yaml"
    path.write_text("training: " + json.dumps(training.model_dump(exclude_none=True)) + "\n")
    return path


def command(how: list[str], config: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *how, str(config), "--out", str(out), "--device", "cpu"],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "COLUMNS": "80"},
    )


def printed_evaluations(output: str) -> list[tuple[int, float]]:
    return [
        (int(nimg), float(score)) for nimg, score in re.findall(r"^ +(\d+) images  score (\S+)  \S+ s$", output, re.M)
    ]


@pytest.mark.slow
def test_train_and_train_again(prepared: Prepared, tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    first = command(MODULE, config, out)
    assert first.returncode == 0, first.stderr
    trial = RunFolder(str(out)).trial("train", "trial")
    evaluations = trial.read_evaluations()
    assert [e.cur_nimg for e in evaluations] == [0, 80, 160, 200]
    head, *lines, last = first.stdout.splitlines()
    assert head.startswith(f"{prepared.record.key.label()}, floor ")
    printed = printed_evaluations(first.stdout)
    assert [cur_nimg for cur_nimg, _ in printed] == [e.cur_nimg for e in evaluations]
    assert [score for _, score in printed] == pytest.approx([e.score for e in evaluations], abs=1e-4)
    assert len(lines) == 4
    place = f"metrics.jsonl, samples and snapshots are in {out}/arms/train/trial"
    assert last == f"completed at 200 images; {place}"
    assert trial.snapshot_nimgs()[-1] == 200
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name in ("metrics.jsonl", "status.json")}
    assert len(before) == 2

    second = command(MODULE, config, out)
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[-1] == (
        f"completed at 200 images, in an earlier run: nothing was trained now; {place}"
    )
    assert printed_evaluations(second.stdout) == printed_evaluations(first.stdout)[-1:]
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_under_torchrun(prepared: Prepared, tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    answer = command(TORCHRUN, config, out)
    assert answer.returncode == 0, answer.stderr
    trial = RunFolder(str(out)).trial("train", "trial")
    status = trial.read_status()
    assert status is not None
    assert (status.state, status.cur_nimg) == (TrialState.COMPLETED, 200)
    assert [nimg for nimg, _ in printed_evaluations(answer.stdout)] == [0, 80, 160, 200]  # by one of the two alone
    written = trial.read_config()
    assert written is not None
    assert written.workers.num_workers == 2
    # Without batch norm, two workers learn what one learns.
    train_one(str(config), str(tmp_path / "alone"), "cpu")
    alone = RunFolder(str(tmp_path / "alone")).trial("train", "trial").read_evaluations()
    assert [e.score for e in trial.read_evaluations()] == pytest.approx([e.score for e in alone], rel=1e-3)


def test_the_folder_of_another_training_is_refused(prepared: Prepared, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train_one(str(write_config(tmp_path)), str(out), "cpu")
    with pytest.raises(InputError) as caught:
        train_one(str(write_config(tmp_path, seed=1, g_lr=0.5)), str(out), "cpu")
    assert str(caught.value) == (
        f"{out}/arms/train/trial: a folder holds one training, but got the files of another "
        "(g_lr: 0.01 there, 0.5 asked, seed: 0 there, 1 asked); choose another --out"
    )


def test_a_training_that_diverges(prepared: Prepared, tmp_path: Path) -> None:
    config, out = write_config(tmp_path, loss="wasserstein", d_lr=1e30), tmp_path / "out"
    for _ in range(2):
        with pytest.raises(TrainingDivergedError) as caught:
            train_one(str(config), str(out), "cpu")
        assert str(caught.value).startswith(f"{out}/arms/train/trial: the training diverged: the ")
        assert caught.value.exit_status == 1


def test_an_unknown_device(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--device: No device called 'tpu'.*known: auto, cpu, cuda"):
        train_one(str(write_config(tmp_path)), str(tmp_path / "out"), "tpu")
    assert not (tmp_path / "out").exists()


def test_ranks_wait_for_the_first_one_outside_of_a_process_group(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process group waits for minutes at most, and making an extractor may take longer."""
    config, out = write_config(tmp_path), tmp_path / "out"
    known: list[ObjectiveRecord | None] = []

    def looked(use_gpu: bool) -> AbstractContextManager[Workers]:
        known.append(RunFolder(str(out)).read_objective())
        return join_process_group(use_gpu)

    monkeypatch.setattr(train_verb, "join_process_group", looked)
    train_one(str(config), str(out), "cpu")
    (made,) = known
    assert made is not None
    assert made.key == prepared.record.key
    # Another rank takes what the first one has made, and looks again and again until it is there.
    naps: list[float] = []
    objective = Path(out) / "objective" / "objective.json"
    hidden = objective.rename(tmp_path / "hidden.json")

    def nap(seconds: float) -> None:
        naps.append(seconds)
        hidden.rename(objective)

    monkeypatch.setattr("time.sleep", nap)
    folder = RunFolder(str(out))
    _, record = train_verb.prepare_training(load_trial(str(config)), folder, torch.device("cpu"), is_first=False)
    assert record == made
    assert naps == [train_verb.LOOK_SEC]
