"""The shipped studies: each is valid and says what it takes; those whose data are at hand are trained, cut down."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.small_mnist import write_small_mnist

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.resolved_training import first_trial_values
from gan_study.config.arms.trial_configs import confirm_trial_config, search_trial_config
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import dump_study, load_study
from gan_study.config.study import StudyConfig
from gan_study.evaluation.own_code import keep_code
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.workflow.own_code import try_own_code

STUDIES = sorted((Path(__file__).parents[1] / "studies").glob("*.yaml"))
ON_DIGITS = ["smoke", "own_gan"]
WITH_REAL_DATA = ["gans_on_mnist", "dcgan_mnist", "vanilla_alphabet", "dcgan_alphabet", "stacked_mnist_modes"]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_shipped_study_is_valid_and_tells_its_planned_time(path: Path) -> None:
    text = format_plan(plan_study(load_study(path)))
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
        changes += ["dataset.max_images=300"]  # A classifier learns from them first.
    if "mnist" in study.dataset.name:
        changes += ["dataset.image_size=16"]
    return changes


@pytest.fixture
def small_data(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A data folder with the real letters, and with some of MNIST's images, whose classifier reads them all."""
    from gan_study.data.datasets import load_dataset  # torch, which the tests of studies as texts do without

    real, small = request.getfixturevalue("data_folder"), tmp_path / "data"
    write_small_mnist(real, small, 3000, 500)
    (small / "letters.zip").symlink_to(real / "letters.zip")
    monkeypatch.setenv("GAN_STUDY_DATA", str(small))
    load_dataset.cache_clear()
    yield
    load_dataset.cache_clear()


def open_cut_down(name: str, place: Path) -> tuple[StudyConfig, RunFolder]:
    study = load_study(STUDIES[0].parent / f"{name}.yaml", cut_down(name))
    folder = RunFolder(str(place / name))
    folder.write_study_text(dump_study(study))
    return study, folder


def check_finished(folder: RunFolder, study: StudyConfig, confirmed: list[str]) -> None:
    """Every trial has ended well, the arms in `confirmed` have one with a fresh seed, and there is a report."""
    assert folder.arms() == sorted(study.arms)
    for arm in folder.arms():
        for trial in folder.trials(arm):
            status = folder.trial(arm, trial).read_status()
            assert status is not None
            assert status.state in (TrialState.COMPLETED, TrialState.STOPPED), (arm, trial, status)
            last = folder.trial(arm, trial).read_evaluations()[-1]
            assert last.cur_nimg >= (256 if status.state is TrialState.COMPLETED else 128)
            assert last.score is not None
        assert [name.split("_")[0] for name in folder.trials(arm)].count("confirm") == (arm in confirmed)
    assert Path(write_report(folder)).stat().st_size > 1_000_000  # plotly.js is inside


@pytest.mark.ray
@pytest.mark.slow
def test_a_joint_search_runs_cut_down(ray_address: str, tmp_path: Path) -> None:
    from gan_study.search.run import run_study  # Ray, which the other tests here do without

    study, folder = open_cut_down("joint_search", tmp_path)
    run_study(study, folder, address=ray_address)
    check_finished(folder, study, confirmed=list(study.arms))


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_DIGITS + WITH_REAL_DATA)
def test_every_arm_of_a_study_trains(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if name in WITH_REAL_DATA:
        request.getfixturevalue("small_data")
    from support.trained_here import train_here

    from gan_study.data.datasets import load_dataset  # torch, which the tests of studies as texts do without

    study, folder = open_cut_down(name, tmp_path)
    try_own_code(study)
    keep_code(study.code, folder)
    num_images = len(load_dataset(study.dataset).train_indices)
    firsts = [search_trial_config(arm, 0, first_trial_values(arm), num_images) for arm in arms_of(study)]
    for config in [*firsts, confirm_trial_config(study, firsts[0], 0, 0)]:
        train_here(config, folder)
    check_finished(folder, study, confirmed=[firsts[0].arm])
