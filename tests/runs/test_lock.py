"""A run folder that a command works in, from its first second on: others are kept out and change nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import SHORT, gan_study
from support.synthetic_run import write_synthetic_run

from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder

CLAIM = """
import os, sys
from gan_study.runs.lock import lock_run_folder
from gan_study.runs.folder import RunFolder
with lock_run_folder(RunFolder(sys.argv[1])):
    os._exit(0)
"""


def files(folder: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return write_synthetic_run(str(tmp_path / "run"))


@pytest.mark.parametrize("verb", [("resume",), ("extend", "--set", "confirm.seeds=9")])
def test_a_second_command_is_told_the_first(verb: tuple[str, ...], folder: RunFolder) -> None:
    with lock_run_folder(folder):
        before = files(folder.storage.local_path(""))
        refused = gan_study(*verb, folder.location)
        assert files(folder.storage.local_path("")) == before
    assert refused.returncode == 2
    assert f"but got pid={os.getpid()} still at work on it; wait for it, or end it first" in refused.stderr


def test_a_second_run_is_told_the_first(tmp_path: Path) -> None:
    """Also before the first has written anything."""
    study = tmp_path / "tiny.yaml"
    study.write_text(SHORT)
    folder = RunFolder(str(tmp_path / "out" / "tiny"))
    with lock_run_folder(folder):
        refused = gan_study("run", study, "--out", tmp_path / "out")
        assert not folder.is_a_run()
    assert refused.returncode == 2
    assert f"pid={os.getpid()} still at work" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_second_training_is_told_the_first(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("training: {dataset: {name: digits, image_size: 16}, network: dcgan, loss: hinge}\n")
    with lock_run_folder(RunFolder(str(tmp_path / "mine"))):
        refused = gan_study("train", config, "--out", tmp_path / "mine")
    assert refused.returncode == 2
    assert f"pid={os.getpid()} still at work" in refused.stderr


def test_the_claim_ends_with_its_process(folder: RunFolder) -> None:
    """However that ends, so that nobody has to remove anything."""
    subprocess.run([sys.executable, "-c", CLAIM, folder.location], check=True)
    before = folder.storage.local_path(".claimed_by").read_text()
    with lock_run_folder(folder):
        assert folder.storage.local_path(".claimed_by").read_text() != before
    assert not folder.storage.local_path(".claimed_by").exists()
