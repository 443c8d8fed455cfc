"""`reproduce` trains a trial again and compares every number, picture and weight."""

import shutil
from pathlib import Path

import pytest
from support.command import gan_study
from support.present import present
from support.tiny_study import tiny_folder, tiny_study
from support.trained_here import train_here
from threadpoolctl import threadpool_limits

from gan_study.cli.reproduce import NotReproducedError, reproduce
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import confirm_trial_config, search_trial_config
from gan_study.data.datasets import load_dataset
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers


@pytest.fixture(scope="module")
def trained(extractor_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A search trial, a confirmation with diagnosis and final scores, and a trial that has not ended."""
    study = tiny_study(objective={"num_samples": 200, "at": "best"})
    folder = tiny_folder(tmp_path_factory.mktemp("run") / "tiny", study)
    num = len(load_dataset(study.dataset).train_indices)
    searched = search_trial_config(Arm(study, "lsgan"), 0, {"g_lr": 1e-3}, num)
    confirmed = confirm_trial_config(study, searched, 0, 0)
    with threadpool_limits(1):  # as Ray sets it for a trial of one CPU; numpy's sums depend on it
        for config in (searched, confirmed):
            train_here(config, folder)
    unfinished = folder.trial("lsgan", "search_001")
    unfinished.write_config(search_trial_config(Arm(study, "lsgan"), 1, {"g_lr": 1e-3}, num))
    return folder


@pytest.fixture
def run(trained: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy that a test may change."""
    return RunFolder(shutil.copytree(trained.location, tmp_path / "tiny").as_posix())


@pytest.mark.parametrize("name", ["search_000", "confirm_000_seed_0"])
def test_a_training_repeats_to_the_last_digit(
    run: RunFolder, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce(run.location, f"lsgan/{name}", str(tmp_path / "again"), "cpu")
    assert "are equal to the last digit" in capsys.readouterr().out
    before, now = run.trial("lsgan", name), RunFolder(str(tmp_path / "again")).trial("lsgan", name)
    assert [e.score for e in now.read_evaluations()] == [e.score for e in before.read_evaluations()]
    assert (now.read_final_scores() is None) == (name == "search_000")


def test_a_stopped_trial_is_trained_as_far_as_it_came(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    trial = run.trial("lsgan", "search_001")
    training = begin_trial(TrialOrder(present(trial.read_config()), run.location), Workers())
    while len(trial.read_evaluations()) < 2:
        next(training)
    training.close()
    trial.write_status(TrialStatus(state=TrialState.STOPPED, cur_nimg=512, reason="not among its arm's best"))
    reproduce(run.location, "lsgan/search_001", None, "cpu")
    assert "trained again to 512 images, where it ended (stopped)" in capsys.readouterr().out


def test_each_number_that_differs_is_found(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    trial = run.trial("lsgan", "confirm_000_seed_0")
    first, second, *others = trial.read_evaluations()
    score = present(second.score)
    trial.write_evaluations([first, second.model_copy(update={"score": score * (1 + 1e-12)}), *others])
    diagnosis = present(trial.read_diagnosis())
    trial.write_diagnosis(diagnosis.model_copy(update={"extractor": "another"}))
    trial.write_samples(0, trial.read_samples(512))
    with pytest.raises(NotReproducedError, match="3 differences, the first in evaluation at 512 images, score"):
        reproduce(run.location, "lsgan/confirm_000_seed_0", None, "cpu")
    shown = capsys.readouterr().out
    assert "evaluation at 512 images, score: " in shown
    assert "(by 1e-12 of it)" in shown
    assert "sample grid at 0 images: " in shown
    assert "diagnosis, extractor: " in shown


@pytest.mark.parametrize(
    ("trial", "message"),
    [
        ("lsgan/serch_000", r"No trial called 'lsgan/serch_000.*did you mean 'lsgan/search_000'"),
        ("search_000", "a trial is named by its arm and its name"),
        ("lsgan/search_001", "trained again once it has ended, but got lsgan/search_001"),
    ],
)
def test_a_trial_that_cannot_be_trained_again_is_refused(run: RunFolder, trial: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reproduce(run.location, trial, None, "cpu")


def test_the_command_says_by_its_exit_status_whether_the_numbers_are_equal(run: RunFolder) -> None:
    equal = gan_study("reproduce", run.location, "lsgan/search_000")
    assert (equal.returncode, equal.stderr) == (0, "")
    trial = run.trial("lsgan", "search_000")
    trial.write_evaluations([e.model_copy(update={"num_d_steps": 7}) for e in trial.read_evaluations()])
    differing = gan_study("reproduce", run.location, "lsgan/search_000")
    assert differing.returncode == 1
    assert "known causes" in differing.stderr
    assert "Traceback" not in differing.stderr
