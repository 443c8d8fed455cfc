"""A run folder's study.yaml that somebody has edited: what its trials were trained with is refused as changed."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from synthetic_run import STUDY, write_synthetic_run

from gan_study.analysis.load import load_run
from gan_study.cli.extend import extend_study
from gan_study.config.reading.load import dump_study
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError

_WAY_OUT = "undo the change, or run the changed study under another name"
_SEARCHED = "arms.lsgan: all trials of an arm search the same, but got"
Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, tuple[Edit, str]] = {
    "an arm removed": (
        lambda study: study["arms"].pop("wgan"),
        "arms: the arms of all trials must be there, but got lsgan without wgan; put wgan back as it was, or move "
        "arms/wgan out of the run folder",
    ),
    "an arm renamed": (
        lambda study: study["arms"].update(other=study["arms"].pop("wgan")),
        "arms: the arms of all trials must be there, but got lsgan, other without wgan; put wgan back as it was, or "
        "move arms/wgan out of the run folder",
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
        "arms.lsgan.loss: what trials were trained with stays, but got hinge where lsgan was trained with "
        f"least_squares; {_WAY_OUT}",
    ),
    "another length": (
        lambda study: study["budget"].update(total_kimg=80),
        f"budget: what trials were trained with stays, but got 80 where lsgan was trained with 40; {_WAY_OUT}",
    ),
    "other images": (
        lambda study: study["dataset"].update(image_size=32),
        "dataset.image_size: what trials were trained with stays, but got 32 where lsgan was trained with 16; "
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
