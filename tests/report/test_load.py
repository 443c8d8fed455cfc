"""Reading of whole, half-written and foreign run folders."""

import shutil
from pathlib import Path

import pytest
from support.present import present
from support.synthetic_run import CLASS_NAMES, STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.errors import InputError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.status import TrialState


def test_a_whole_run(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    assert run.arms == ("lsgan", "wgan")
    assert [t.name for t in run.trials_of_arm("lsgan", "search")] == [f"search_{i:03d}" for i in range(5)]
    assert [t.name for t in run.trials_of_arm("wgan", "confirm")] == [f"confirm_003_seed_{i}" for i in range(5)]
    assert len(run.trials) == 20
    assert present(run.objective).class_names == CLASS_NAMES
    assert run.is_finished
    assert run.unreadable == ()


def test_missing_files_leave_gaps(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path))
    for name in ("environment.json", "study_status.json", "objective/objective.json"):
        (tmp_path / name).unlink()
    (tmp_path / "arms/lsgan/search_000/config.json").unlink()
    (tmp_path / "arms/lsgan/search_001/status.json").unlink()
    (tmp_path / "arms/lsgan/search_001/metrics.jsonl").unlink()
    run = load_run(RunFolder(str(tmp_path)))
    assert (run.environment, run.status, run.objective, run.is_finished) == (None, None, None, False)
    assert run.unreadable == ("arms/lsgan/search_000",)
    created = run.trials_of_arm("lsgan", "search")[0]
    assert (created.name, created.state, created.evaluations) == ("search_001", TrialState.RUNNING, ())
    assert (created.kimg, created.seconds) == (0, 0)


def test_a_study_without_trials(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    shutil.rmtree(tmp_path / "arms")
    assert load_run(folder).trials == ()


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a run folder holds a study\.yaml, but this one does not"):
        load_run(RunFolder(str(tmp_path)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\n", ":1:1: the file does not fit this version of gan_study (arms: this key is missing; add it"),
        ("name: x\nseed: {\n", ":3:1: the text must be valid YAML: "),
        ("name: x\nname: y\n", ":2:1: name: a key may appear once"),
    ],
)
def test_a_study_file_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    folder = write_synthetic_run(str(tmp_path))
    Path(tmp_path, "study.yaml").write_text(text)
    with pytest.raises(StorageError) as caught:
        load_run(folder)
    assert str(caught.value).startswith(f"{tmp_path}/study.yaml{message}")
    assert "\n" not in str(caught.value)


def test_trials_stand_in_the_order_in_which_the_study_names_the_arms(tmp_path: Path) -> None:
    arms = dict(reversed(STUDY["arms"].items()))
    run = load_run(write_synthetic_run(str(tmp_path), study={**STUDY, "arms": arms}))
    assert list(dict.fromkeys(t.config.arm for t in run.trials)) == ["wgan", "lsgan"] == list(run.arms)
    assert [t.config.phase for t in run.trials_of_arm("wgan")] == ["search"] * 5 + ["confirm"] * 5


def test_a_trial_that_counts_otherwise(tmp_path: Path) -> None:
    """Such as one copied from the folder of a study that counts each training's best evaluation."""
    folder = write_synthetic_run(str(tmp_path))
    trial = folder.trial("wgan", "search_003")
    config = present(trial.read_config())
    objective = config.training.objective.model_copy(update={"at": "best"})
    training = config.training.model_copy(update={"objective": objective})
    trial.write_config(config.model_copy(update={"training": training}))
    rule = (
        r"arms/wgan/search_003: the same evaluation must count .* got objective\.at=best here and last in study\.yaml"
    )
    with pytest.raises(InputError, match=rule):
        load_run(folder)
