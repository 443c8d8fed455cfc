"""A trial without its config.json is named by every command that leaves it out, and keeps a study from going on."""

from pathlib import Path

import pytest
from support.generator_run import write_generator_run
from typer.testing import CliRunner

from gan_study.cli.diagnose import snapshots_to_diagnose
from gan_study.cli.main import app
from gan_study.cli.preparation.claim import warn_of_lost_trials
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.workflow.run_folder import require_whole

LOST = ("lsgan/search_001", "wgan/search_002")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = write_generator_run(tmp_path / "run")
    for trial in LOST:
        run.storage.delete(f"arms/{trial}/config.json")
    run.storage.local_path("arms/wgan/search_009").mkdir()  # of a study that was killed: it has lost nothing
    return run


def expected(run: RunFolder) -> str:
    return (
        f"warning: {run.location}: 2 trials left out, because config.json is missing in arms/lsgan/search_001 and "
        "arms/wgan/search_002; copy the file from a complete copy of the run folder\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "{run}", "--out", "{out}", "--trial", "none"],
        ["export", "{run}", "--out", "{out}", "--trial", "none"],
        ["evaluate", "{run}", "{out}"],
    ],
)
def test_a_command_on_a_run_tells_what_it_leaves_out(run: RunFolder, tmp_path: Path, words: list[str]) -> None:
    arguments = [word.format(run=run.location, out=tmp_path / "out") for word in words]
    found = CliRunner().invoke(app, arguments)  # it ends at its next step, in an error
    assert found.stderr.startswith(expected(run))


def test_a_diagnosis_of_a_run_tells_what_it_leaves_out(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    snapshots_to_diagnose(run, run.location)
    assert capsys.readouterr().err == expected(run)


def test_nothing_is_told_of_other_trials_than_those_asked_for(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_of_lost_trials(f"{run.location}/arms/lsgan/search_000")
    assert capsys.readouterr().err == ""


def test_nothing_is_trained_among_the_files_of_another_trial(run: RunFolder) -> None:
    with pytest.raises(InputError) as caught:
        require_whole(run)
    assert str(caught.value) == (
        f"{run.location}: a study goes on if each trial has its config.json, but got arms/lsgan/search_001 and "
        "arms/wgan/search_002 without one; copy the file from a complete copy of the run folder, or move the trial's "
        "folder away to train it again"
    )


def test_a_whole_folder_is_told_nothing_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_generator_run(tmp_path / "run")
    require_whole(run)
    warn_of_lost_trials(run.location)
    assert capsys.readouterr().err == ""
