"""`gan_study.run` up to the point where Ray would start, and the lines of Python in README."""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support.generator_run import write_generator_run
from support.synthetic_run import ALL_FAILED, STUDY, write_synthetic_run

import gan_study
from gan_study.config.reading.load import dump_study, load_study
from gan_study.config.study import StudyConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The run folder of a finished study, with generators, below a folder named runs."""
    folder = write_generator_run(tmp_path / "runs" / STUDY["name"])
    folder.write_study_text(dump_study(StudyConfig.model_validate(STUDY)))
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_lines_in_readme_work(folder: RunFolder, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len([line for line in block.splitlines() if line.strip()]) <= 9
    (here / "studies").mkdir()
    (here / "studies/lsgan_vs_wgan.yaml").write_text(json.dumps(STUDY))
    before = set(here.iterdir())
    names: dict[str, Any] = {}
    exec(block, names)
    assert capsys.readouterr().out.startswith("lsgan wins. ")
    assert isinstance(names["run"], gan_study.Run)
    assert names["images"].shape == (16, 1, 16, 16)
    written = {path.name for path in set(here.iterdir()) - before}
    assert written == {"confirmed.html", "wgan.png"}


def test_a_dictionary_is_the_same_study_as_its_file() -> None:
    """PyYAML reads a number such as 1e-4 as a text."""
    path = README.parent / "studies/are_gans_created_equal_mnist.yaml"
    given = yaml.safe_load(path.read_text())
    given["budget"]["trials_per_arm"] = np.int64(given["budget"]["trials_per_arm"])
    assert "1e-5" in given["search_space"]["lr"]["log_uniform"]
    assert load_study(given) == load_study(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bugdet": {}}, "study: bugdet: "),
        ({"arms": {"lsgan": {"network": "dcgan", "loss": "least_sqares"}}}, "study: arms.lsgan.loss: "),
        ({"confirm": {"seeds": 0}}, "study: confirm.seeds: "),
        ({"description": {1, 2}}, "study: values must be numbers, texts, .* but got a set; "),
    ],
)
def test_a_fault_in_a_dictionary_is_named_by_its_path(here: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(gan_study.InputError, match=f"^{message}") as caught:
        gan_study.run({**STUDY, **change})
    assert len(caught.value.problems) == 1
    assert list(here.iterdir()) == []


def test_a_study_of_another_type_is_refused() -> None:
    with pytest.raises(gan_study.InputError, match="a study is the path of a file or a dictionary, but got study=3 "):
        gan_study.run(3)  # type: ignore[arg-type]


def test_a_file_that_is_not_there_is_refused(here: Path) -> None:
    with pytest.raises(gan_study.InputError, match=r"^studies/x\.yaml: there is no such file"):
        gan_study.run("studies/x.yaml")


def test_a_study_that_has_begun_is_resumed_only_on_request(folder: RunFolder, here: Path) -> None:
    with pytest.raises(gan_study.InputError, match=r"^out=runs: .* continue or open it by adding resume=True") as error:
        gan_study.run(STUDY)
    assert "--" not in str(error.value)
    told: list[gan_study.Progress] = []
    found = gan_study.run(STUDY, resume=True, callback=told.append)
    assert (found.location, found.winner, told) == (folder.location, "lsgan", [])
    assert (here / "runs/lsgan_vs_wgan/report.html").exists()
    written = (here / "runs/lsgan_vs_wgan/report.html").stat().st_mtime_ns
    gan_study.run(STUDY, resume=True)
    assert (here / "runs/lsgan_vs_wgan/report.html").stat().st_mtime_ns == written


def test_another_study_is_not_resumed(folder: RunFolder, here: Path) -> None:
    with pytest.raises(
        gan_study.InputError, match=r"^study: resume=True continues the study in the run folder"
    ) as error:
        gan_study.run({**STUDY, "confirm": {"seeds": 9}}, resume=True)
    assert "confirm.seeds: 5 to 9 in the dictionary" in str(error.value)
    assert "--set" not in str(error.value)


def test_a_folder_in_use_is_refused(folder: RunFolder, here: Path) -> None:
    with lock_run_folder(folder), pytest.raises(gan_study.InputError, match=f"got pid={os.getpid()} still at work"):
        gan_study.run(STUDY, resume=True)


def test_a_study_of_which_no_trial_has_completed(tmp_path: Path, here: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "runs" / STUDY["name"]), search=ALL_FAILED, confirm={})
    folder.write_study_text(dump_study(StudyConfig.model_validate(STUDY)))
    with pytest.raises(gan_study.AllTrialsFailedError, match="no trial has completed; reasons: CUDA out of memory"):
        gan_study.run(STUDY, resume=True)
