"""Reading of whole, half-written and foreign run folders."""

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.present import present
from support.synthetic_run import CLASS_NAMES, STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.errors import InputError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState


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
    with pytest.raises(InputError, match=r"a run folder contains a study\.yaml, but this one does not"):
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


def _set(record: dict[str, Any], name: str, value: Any) -> str:
    return json.dumps({**record, name: value})


TRIAL = "arms/lsgan/confirm_002_seed_1"
DAMAGES: list[tuple[str, str, Callable[[list[str]], list[str]], str]] = [
    ("a list", "study.yaml", lambda _: ["- 1"], ":1:1: a study must be a mapping .*, but got a list"),
    ("no value", "study.yaml", lambda _: ["null"], ":1:1: a study must be a mapping .*, but got nothing"),
    (
        "lines in another order",
        f"{TRIAL}/metrics.jsonl",
        lambda ls: ls[::-1],
        ":2: each evaluation .*=30000 after 40000",
    ),
    ("a line twice", f"{TRIAL}/metrics.jsonl", lambda ls: [*ls, ls[-1]], ":6: each evaluation .*=40000 after 40000"),
    (
        "no number",
        f"{TRIAL}/metrics.jsonl",
        lambda ls: [*ls[:-1], _set(json.loads(ls[-1]), "score", math.nan)],
        ": a record must be whole, .*line 5 holds the value NaN",
    ),
    (
        "a number beyond all others",
        f"{TRIAL}/metrics.jsonl",
        lambda ls: [*ls[:-1], _set(json.loads(ls[-1]), "score", 4321.5).replace("4321.5", "1e999")],
        ": a record must be whole, .*line 5 holds the value 1e999",
    ),
    (
        "a time in the far future",
        "study_status.json",
        lambda ls: [_set(json.loads("".join(ls)), "start_time", 1e30)],
        r": the file does not fit .*start_time: Input should be less than or equal to",
    ),
    (
        "a share of one class",
        f"{TRIAL}/metrics.jsonl",
        lambda ls: [*ls[:-1], _set(json.loads(ls[-1]), "class_shares", [1.0])],
        ":5: class_shares must hold a share for each of the 10 classes .* got 1 from 1 to 1",
    ),
    (
        "no share",
        f"{TRIAL}/metrics.jsonl",
        lambda ls: [*ls[:-1], _set(json.loads(ls[-1]), "class_shares", [0.0] * 10)],
        ":5: class_shares must hold .* got 10 from 0 to 0",
    ),
    (
        "names of other classes",
        "objective/objective.json",
        lambda ls: [_set(json.loads("".join(ls)), "class_names", ["a"])],
        r": the file does not fit .* got 1 names and 10 shares",
    ),
    (
        "no images",
        "objective/objective.json",
        lambda ls: [_set(json.loads("".join(ls)), "num_train_images", 0)],
        r": the file does not fit .*num_train_images: Input should be greater than or equal to 1",
    ),
]


@pytest.mark.parametrize(("name", "damage", "message"), [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_damaged_content(tmp_path: Path, name: str, damage: Callable[[list[str]], list[str]], message: str) -> None:
    folder = write_synthetic_run(str(tmp_path))
    file = tmp_path / name
    file.write_text("\n".join(damage(file.read_text().splitlines())) + "\n")
    with pytest.raises((InputError, StorageError), match=f"^{re.escape(str(file))}{message}"):
        load_run(folder)


def test_a_copied_trial_does_not_count_twice(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    shutil.copytree(tmp_path / TRIAL, tmp_path / "arms/lsgan/confirm_002_seed_9")
    rule = r"confirm_002_seed_9/config\.json: a trial's folder holds .* that of arms/lsgan/confirm_002_seed_1; copy"
    with pytest.raises(StorageError, match=rule):
        load_run(folder)


def test_scores_that_are_cut_short_do_not_count(tmp_path: Path) -> None:
    """The score after 30 kimg is not the score of the training, which went on to 40."""
    folder = write_synthetic_run(str(tmp_path))
    file = tmp_path / TRIAL / "metrics.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    run = load_run(folder)
    assert run.damaged == (TRIAL,)
    assert len(run.trials_of_arm("lsgan", "confirm")) == 4


def test_files_among_the_folders_of_trials_are_no_trials(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    (tmp_path / "arms/notes.txt").write_text("")
    (tmp_path / "arms/lsgan/Thumbs.db").write_text("")
    run = load_run(folder)
    assert (len(run.trials), run.unreadable) == (20, ())
