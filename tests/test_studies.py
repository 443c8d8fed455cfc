"""The shipped studies: each is valid and says what it takes; those whose data are at hand run, cut down."""

import re
from pathlib import Path

import pytest

from gan_study.config.load import dump_study, load_study
from gan_study.config.plan import format_plan, plan
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState

STUDIES = sorted((Path(__file__).parents[1] / "studies").glob("*.yaml"))
ALWAYS = ["smoke", "joint_search"]
WITH_REAL_DATA = ["gans_on_mnist", "dcgan_mnist", "vanilla_alphabet", "dcgan_alphabet", "stacked_mnist_modes"]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_is_valid_and_tells_its_planned_time(path: Path) -> None:
    text = format_plan(plan(load_study(path)))
    time = re.search(r"time +(about [\d.,]+ \w+)", text)
    assert time is not None
    said = re.search(r"`plan` estimates (about [\d.,]+ \w+)", path.read_text())
    assert said is not None, f"{path.name} does not say what `plan` estimates"
    assert said.group(1) == time.group(1)


def cut_down(name: str) -> list[str]:
    """Overrides that leave every arm and the data, and take away trials, images and samples."""
    study = load_study(STUDIES[0].parent / f"{name}.yaml")
    trials = 4 if name == "joint_search" else 1
    changes = [f"budget.trials_per_arm={trials}", "budget.total_kimg=0.256", "budget.evaluate_every_kimg=0.128"]
    changes += ["objective.num_samples=200", "confirm.top_k=1", "confirm.seeds=1"]
    if study.dataset.name != "digits":
        changes += ["dataset.max_images=1000"]
    return changes


def run_cut_down(name: str, address: str, place: Path) -> RunFolder:
    from gan_study.search.run import run_study  # Ray, which the other tests here do without

    study = load_study(STUDIES[0].parent / f"{name}.yaml", cut_down(name))
    folder = RunFolder(str(place / name))
    folder.write_study_text(dump_study(study))
    run_study(study, folder, address=address)
    return folder


def check_finished(folder: RunFolder, name: str) -> None:
    study = load_study(STUDIES[0].parent / f"{name}.yaml")
    assert folder.arms() == sorted(study.arms)
    for arm in folder.arms():
        for trial in folder.trials(arm):
            status = folder.trial(arm, trial).read_status()
            assert status is not None
            assert status.state in (TrialState.COMPLETED, TrialState.STOPPED), (arm, trial, status)
        confirmed = [trial for trial in folder.trials(arm) if trial.startswith("confirm")]
        assert len(confirmed) == 1
        last = folder.trial(arm, confirmed[0]).read_evaluations()[-1]
        assert last.cur_nimg >= 256
        assert last.score is not None
    assert Path(write_report(folder)).stat().st_size > 1_000_000  # plotly.js is inside


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("name", ALWAYS)
def test_a_study_on_digits_runs_cut_down(name: str, ray_address: str, tmp_path: Path) -> None:
    check_finished(run_cut_down(name, ray_address, tmp_path), name)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_REAL_DATA)
def test_a_study_on_real_data_runs_cut_down(name: str, data_folder: Path, ray_address: str, tmp_path: Path) -> None:
    check_finished(run_cut_down(name, ray_address, tmp_path), name)
