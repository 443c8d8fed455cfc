"""`gan_study run --resume` on a run folder that exists, up to the point where Ray would start."""

from pathlib import Path

import pytest
from support.s3_server import serve_objects
from support.synthetic_run import STUDY, write_synthetic_run

from gan_study.cli.commands.study_commands import run
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "runs")


@pytest.fixture
def folder(out: str) -> RunFolder:
    """The run folder of a finished study."""
    folder = write_synthetic_run(f"{out}/{STUDY['name']}")
    folder.write_study_text(dump_study(StudyConfig.model_validate(STUDY)))
    return folder


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(dump_study(StudyConfig.model_validate(STUDY)))
    return path


def test_a_finished_study_is_reported_again_and_may_get_other_resources(
    folder: RunFolder, study_file: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(str(study_file), out, ["resources.max_concurrent_trials=3"], continues=True)
    assert parse_study(folder.read_study_text(), "study.yaml").resources.max_concurrent_trials == 3
    assert "Nothing is left to train: every trial of the study has ended" in capsys.readouterr().out
    assert folder.storage.exists("report.html")


@pytest.mark.parametrize(
    ("change", "problem", "remedy"),
    [
        (
            "arms.wgan.penalty_weight=1",
            "arms.wgan.search_space.penalty_weight",
            "undo the difference (each --set of the first command is needed again), or run",
        ),
        (
            "resources.workers_per_trial=2",
            "resources.workers_per_trial: 1 in the run folder, 2 in the file",
            "undo the difference (each --set of the first command is needed again), or run",
        ),
        ("confirm.seeds=9", "confirm.seeds: 5 to 9 in the file", "run `extend {folder} {file}`"),
        (
            "confirm.seeds=2",
            "confirm.seeds: 5 in the run folder, 2 in the file",
            "undo the difference (each --set of the first command is needed again), or run",
        ),
    ],
)
def test_another_study_is_refused(
    folder: RunFolder, study_file: Path, out: str, change: str, problem: str, remedy: str
) -> None:
    text = folder.read_study_text()
    with pytest.raises(InputError) as error:
        run(str(study_file), out, [change], continues=True)
    head, *lines = error.value.problems
    assert head.startswith(f"{study_file}: --resume continues the study in the run folder, but got 1 difference from ")
    assert remedy.format(folder=folder.location, file=study_file) in head
    assert any(line.startswith(problem) for line in lines)
    assert folder.read_study_text() == text


def test_without_the_option_a_study_that_has_begun_is_refused(folder: RunFolder, study_file: Path, out: str) -> None:
    with pytest.raises(InputError, match="a study runs into a folder of its own"):
        run(str(study_file), out)


def test_a_study_in_an_object_store_is_found(study_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with serve_objects() as store:
        RunFolder(store.uri(f"bucket/runs/{STUDY['name']}")).write_study_text(study_file.read_text())
        with pytest.raises(InputError, match=r"--resume continues the study in the run folder, but got 1 difference"):
            run(str(study_file), store.uri("bucket/runs"), ["confirm.seeds=9"], continues=True)
