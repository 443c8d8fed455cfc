"""A training's file tells of its mistakes in the words of a study's."""

from pathlib import Path

import pytest

from gan_study.config.reading.trial_file import load_trial
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError

VALID = """\
training:
  dataset: {name: digits, image_size: 16}
  network: {name: dcgan, width: 8}
  loss: least_squares
  g_lr: 1e-4
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "x.yaml"
    path.write_text(text)
    return path


def problem_of(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(InputError) as caught:
        load_trial(path)
    (problem,) = caught.value.problems
    return problem.removeprefix(f"{path}:")


def test_missing_values_are_the_papers_and_a_written_file_reads_back(tmp_path: Path) -> None:
    trial = load_trial(write(tmp_path, VALID))
    assert (trial.training.g_lr, trial.training.network.width, trial.arm) == (1e-4, 8, "train")
    (tmp_path / "config.json").write_text(trial.model_copy(update={"searched": {"g_lr": 1e-4}}).model_dump_json())
    assert load_trial(tmp_path / "config.json") == trial.model_copy(update={"searched": {"g_lr": 1e-4}})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("least_squares", "last_squares", "4:9: training.loss: unknown loss 'last_squares'; did you mean 'least_squ"),
        ("width: 8", "width: wide", "3:33: training.network.width: must be a whole number, but got width='wide' ("),
        ("width: 8", "widht: 8", "3:26: training.network.widht: unknown key 'widht'; did you mean 'width'? (known: "),
        ("1e-4", "-1", "5:9: training.g_lr: must be above 0, but got g_lr=-1 (The generator's learning rate)"),
        ("1e-4", "'1e-4'", "5:9: training.g_lr: must be a number, but got g_lr='1e-4'; remove the quotes"),
        ("  loss: least_squares\n", "", "2:3: training.loss: this key is missing; add it (The two players' objective"),
        ("  g_lr: 1e-4", "g_lr: 1e-4", "5:1: g_lr: unknown key 'g_lr'; did you mean training.g_lr?"),
        ("g_lr: 1e-4", "clip_value: 1", "5:3: training.clip_value: clip_value belongs to weight_clip, but got "),
        ("image_size: 16", "image_size: 17", "2:27: training.dataset.image_size: network dcgan is built for images "),
        (VALID, "workers: {num_workers: 3}\n" + VALID, "1:1: the batch must divide among the workers, but got "),
        (VALID, "- 1\n", "1:1: one training must be a mapping"),
        (VALID, "# nothing\n", "1:1: values must be given, but got an empty text"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert VALID.count(old) == 1
    problem = problem_of(tmp_path, VALID.replace(old, new))
    assert problem.startswith(message)
    assert "Input should" not in problem


def test_a_study_is_told_from_a_training(tmp_path: Path) -> None:
    path = write(tmp_path, "name: small\narms: {lsgan: {network: dcgan, loss: least_squares}}\n")
    with pytest.raises(InputError) as caught:
        load_trial(path)
    assert str(caught.value) == (
        f"{path}: `train` trains one configuration, but got a whole study; run it with "
        f"`python -m gan_study run {path}`, or give the config.json of one of its trials"
    )


def test_the_folder_of_a_trial_is_told_from_its_file(tmp_path: Path) -> None:
    trial = load_trial(write(tmp_path, VALID))
    assert isinstance(trial, TrialConfig)
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "config.json").write_text(trial.model_dump_json(indent=2))
    (tmp_path / "trial" / "status.json").write_text("{}")
    with pytest.raises(InputError, match=r"this is a folder; files nearby that hold one training: .*/config\.json$"):
        load_trial(tmp_path / "trial")
