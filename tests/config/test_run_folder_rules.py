"""A run folder's study.yaml that somebody has edited: what its trials were trained with is refused as changed."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from support.synthetic_run import STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.cli.extend import extend_study
from gan_study.cli.resume import shorten_study
from gan_study.config.reading.load import dump_study
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.workflow.run_folder import is_completed

_WAY_OUT = "undo the change, or run the changed study under another name"
_SEARCHED = "arms.lsgan: all trials of an arm must search the same hyperparameters, but got"
Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, tuple[Edit, str]] = {
    "an arm removed": (
        lambda study: study["arms"].pop("wgan"),
        "arms: the arms of all trials must be in the study, but got lsgan without wgan; put wgan back as it was, or "
        "move arms/wgan out of the run folder",
    ),
    "an arm renamed": (
        lambda study: study["arms"].update(other=study["arms"].pop("wgan")),
        "arms: the arms of all trials must be in the study, but got lsgan, other without wgan; put wgan back as it "
        "was, or move arms/wgan out of the run folder",
    ),
    "a searched parameter removed": (
        lambda study: study["search_space"].pop("g_lr"),
        f"{_SEARCHED} g_lr not searched where the trials have; {_WAY_OUT}",
    ),
    "a searched parameter fixed": (
        lambda study: study["arms"]["lsgan"].update(g_lr=1e-4),
        f"{_SEARCHED} g_lr not searched where the trials have; {_WAY_OUT}",
    ),
    "a searched parameter added": (
        lambda study: study["search_space"].update(beta2={"uniform": [0.9, 0.99]}),
        f"{_SEARCHED} beta2 searched where the trials have not searched it; {_WAY_OUT}",
    ),
    "another loss": (
        lambda study: study["arms"]["lsgan"].update(loss="hinge"),
        "arms.lsgan.loss: what trials were trained with cannot change, but got hinge where lsgan was trained with "
        f"least_squares; {_WAY_OUT}",
    ),
    "another length": (
        lambda study: study["budget"].update(total_kimg=80),
        f"budget: what trials were trained with cannot change, but got 80 where lsgan was trained with 40; {_WAY_OUT}",
    ),
    "other images": (
        lambda study: study["dataset"].update(image_size=32),
        "dataset.image_size: what trials were trained with cannot change, but got 32 where lsgan was trained with 16; "
        f"{_WAY_OUT}",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_study_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    folder = write_synthetic_run(str(tmp_path))
    edit, expected = EDITS[name]
    study = deepcopy(STUDY)
    edit(study)
    text = dump_study(StudyConfig.model_validate(study))
    folder.write_study_text(text)
    with pytest.raises(InputError) as caught:
        extend_study(folder, None, ["confirm.seeds=9"])
    assert caught.value.problems[0] == f"{folder.location}/study.yaml: {expected}"
    assert folder.read_study_text() == text


@pytest.mark.parametrize("name", ["an arm removed", "an arm renamed", "another loss", "another length", "other images"])
def test_no_report_is_written_of_what_was_not_trained(tmp_path: Path, name: str) -> None:
    folder = write_synthetic_run(str(tmp_path))
    edit, expected = EDITS[name]
    study = deepcopy(STUDY)
    edit(study)
    folder.write_study_text(dump_study(StudyConfig.model_validate(study)))
    with pytest.raises(InputError) as caught:
        load_run(folder)
    assert caught.value.problems[0] == f"{folder.location}/study.yaml: {expected}"


_BEGAN = "what a study began with cannot change, but got"
SEARCH_EDITS: dict[str, tuple[Edit, str]] = {
    "another range": (
        lambda study: study["search_space"].update(g_lr={"log_uniform": [1e-5, 1e-1]}),
        f"{_BEGAN} search_space.g_lr: log_uniform [1e-05, 0.01] at the beginning, log_uniform [1e-05, 0.1] in the "
        f"file; {_WAY_OUT}",
    ),
    "another range of one arm": (
        lambda study: study["arms"]["wgan"]["search_space"].update(penalty_weight={"uniform": [0.1, 100]}),
        f"{_BEGAN} arms.wgan.search_space.penalty_weight: log_uniform [0.1, 100] at the beginning, uniform [0.1, 100] "
        f"in the file; {_WAY_OUT}",
    ),
    "another choice": (
        lambda study: study["search_space"].update({"network.width": {"choice": [16, 32]}}),
        f"{_BEGAN} search_space.network.width: choice [16, 32, 64] at the beginning, choice [16, 32] in the file; "
        f"{_WAY_OUT}",
    ),
    "another sampler": (
        lambda study: study.update(search={"sampler": "random"}),
        f"{_BEGAN} search.sampler: tpe at the beginning, random in the file; {_WAY_OUT}",
    ),
    "fewer trials": (
        lambda study: study["budget"].update(trials_per_arm=3),
        "budget.trials_per_arm: only `resume` can lower this number, but got 3 in the file where it was 5; write 5 "
        "again, and call `resume` with --set budget.trials_per_arm=3",
    ),
}


def edited(folder: RunFolder, edit: Edit) -> RunFolder:
    """The folder after the study has been trained, and then changed by hand."""
    folder.write_trained_study(dump_study(StudyConfig.model_validate(STUDY)))
    study = deepcopy(STUDY)
    edit(study)
    folder.write_study_text(dump_study(StudyConfig.model_validate(study)))
    return folder


@pytest.mark.parametrize("name", SEARCH_EDITS)
def test_another_search_than_the_trials_were_drawn_from_is_refused(tmp_path: Path, name: str) -> None:
    edit, expected = SEARCH_EDITS[name]
    folder = edited(write_synthetic_run(str(tmp_path)), edit)
    with pytest.raises(InputError) as caught:
        is_completed(folder)  # what `resume` asks first
    assert caught.value.problems == (f"{folder.location}/study.yaml: {expected}",)
    with pytest.raises(InputError, match=r"study\.yaml: "):
        extend_study(folder, None, ["confirm.seeds=9"])


def test_an_arm_without_trials_may_still_change(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    folder.storage.delete_folder("arms/wgan")
    edited(folder, SEARCH_EDITS["another range of one arm"][0])
    assert not is_completed(folder)


@pytest.mark.parametrize("value", [{"budget": {**STUDY["budget"], "trials_per_arm": 7}}, {"confirm": {"seeds": 9}}])
def test_more_trials_written_into_the_file_are_trained(tmp_path: Path, value: dict[str, Any]) -> None:
    folder = edited(write_synthetic_run(str(tmp_path)), lambda study: study.update(value))
    assert not is_completed(folder)
    folder.write_trained_study(folder.read_study_text())
    assert is_completed(folder)


def test_what_resume_has_lowered_is_no_edit(tmp_path: Path) -> None:
    folder = edited(write_synthetic_run(str(tmp_path)), lambda study: None)
    shorten_study(folder, [], False, ["budget.trials_per_arm=3"])
    is_completed(folder)
    assert extend_study(folder, None, ["trackers=[tensorboard]"]) is False
    assert is_completed(folder) is False


@pytest.mark.parametrize(
    "edit",
    [
        lambda study: study["arms"].update(hinge={"network": "dcgan", "loss": "hinge"}),
        lambda study: study["budget"].update(trials_per_arm=7),
        lambda study: study.update(description="Words."),
        lambda study: study.update(confirm={"top_k": 2, "seeds": 3}),
    ],
)
def test_what_no_trial_was_trained_with_may_change(tmp_path: Path, edit: Edit) -> None:
    folder = write_synthetic_run(str(tmp_path))
    study = deepcopy(STUDY)
    edit(study)
    folder.write_study_text(dump_study(StudyConfig.model_validate(study)))
    load_run(folder)
