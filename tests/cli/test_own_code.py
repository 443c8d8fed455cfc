"""A study with parts of its own from the command line: two workers train it, and strangers' code is not run."""

import shutil
from pathlib import Path

import pytest
from support.command import gan_study
from support.own_parts import CODE, write_own_study

DATA = ("{name: digits, image_size: 16}", "{name: shapes, image_size: 16, number: 150}")
pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def run_folder(ray_address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("own")
    study = write_own_study(place, DATA)
    workers = ("--set", "resources.workers_per_trial=2", "--set", "budget.trials_per_arm=1")
    ended = gan_study("run", study, "--out", place, "--address", ray_address, *workers)
    assert ended.returncode == 0, ended.stderr
    return place / "own"


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str | None]:
    """The environment of a machine that has never run the study."""
    return {"GAN_STUDY_CACHE": str(tmp_path / "cache")}


def test_the_code_is_in_the_run_folder_and_in_the_trials_that_use_it(run_folder: Path) -> None:
    assert (run_folder / "code" / "own_parts.py").read_text() == CODE
    mine, dcgan = (next((run_folder / "arms" / arm).glob("confirm*/config.json")) for arm in ("mine", "dcgan"))
    assert '"own_parts.py:Plain"' in mine.read_text()
    assert '"sha256"' in mine.read_text()
    assert '"number":150' in dcgan.read_text().replace(" ", "")  # its images are the study's own, too


def test_a_stranger_runs_the_code_only_if_told_to(
    run_folder: Path, tmp_path: Path, stranger: dict[str, str | None]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_folder, copy)
    command = ("sample", copy, "--arm", "mine", "--num", "4", "--out", tmp_path / "images")
    refused = gan_study(*command, environment=stranger)
    assert refused.returncode == 2
    assert "brings code of its own, which this machine has never run, but got no --trust-code; read " in refused.stderr
    assert f"{copy}/code/own_parts.py" in refused.stderr
    assert not (tmp_path / "images").exists()
    ended = gan_study(*command, "--trust-code", environment=stranger)
    assert ended.returncode == 0, ended.stderr
    later = gan_study("export", copy, "--arm", "mine", "--out", tmp_path / "exported", environment=stranger)
    assert later.returncode == 0, later.stderr  # trusted from then on


def test_a_report_runs_no_code(run_folder: Path, tmp_path: Path, stranger: dict[str, str | None]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_folder, copy)
    (copy / "code" / "own_parts.py").write_text("raise RuntimeError('run')\n")
    ended = gan_study("report", copy, environment=stranger)
    assert ended.returncode == 0, ended.stderr
    changed = gan_study(
        "sample", copy, "--arm", "mine", "--out", tmp_path / "images", "--trust-code", environment=stranger
    )
    assert changed.returncode == 2
    assert "needs the code that its study began with, but got a changed file" in changed.stderr


def test_changed_code_does_not_continue_the_study(run_folder: Path, tmp_path: Path) -> None:
    code = CODE.replace("return -fake_logits.mean()", "return -2 * fake_logits.mean()")
    study = write_own_study(tmp_path, DATA, code=code)
    workers = ("--set", "resources.workers_per_trial=2", "--set", "budget.trials_per_arm=1")
    refused = gan_study("run", study, "--out", run_folder.parent, "--resume", *workers)
    assert refused.returncode == 2
    assert "goes on with the code that it began with, but got a changed file" in refused.stderr
    assert "-    return -fake_logits.mean()" in refused.stderr
    assert "+    return -2 * fake_logits.mean()" in refused.stderr


def test_a_faulty_part_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    study = write_own_study(tmp_path, code=CODE.replace("return -fake_logits.mean()", "return -fake_logits"))
    refused = gan_study("run", study, "--out", tmp_path)
    assert refused.returncode == 2
    assert (
        "own_parts.py:48: margin: the generator's loss must be one finite number, but got shape (4,)" in refused.stderr
    )
    assert not (tmp_path / "own").exists()


def test_check_prints_each_part_and_its_faults(tmp_path: Path) -> None:
    (tmp_path / "own_parts.py").write_text(CODE.replace("return -fake_logits.mean()", "return -fake_logits"))
    ended = gan_study("check", tmp_path / "own_parts.py", "--image-size", "16")
    assert ended.returncode == 2
    lines = ended.stdout.splitlines()
    assert "own_parts.py:Plain: network, sound; hyperparameters: depth: int = 2, act: relu or tanh = relu" in lines
    assert "own_parts.py:margin: loss, faulty; hyperparameters: margin: float = 1.0" in lines
    assert "  200 grey images of the classes 0 and 1, 20 of them held out, at 16 x 16 pixels." in lines
    assert ended.stderr == "error: 1 of 9 parts are faulty; a study with them would be refused\n"
