"""Without `evaluate_every_kimg` a training is evaluated eight times, in whatever unit its length is given."""

import math
from pathlib import Path

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import resolve_training
from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.reading.trial_file import load_trial
from gan_study.config.study import StudyConfig
from gan_study.config.values.intervals import eighth
from gan_study.errors import InputError

TEXT = """\
name: x
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 40}
arms:
  a: {network: mlp, loss: hinge}
  b: {network: mlp, loss: wasserstein, batch_size: 128}
"""


def study(length: str, count: int | None = None, text: str = TEXT) -> StudyConfig:
    return parse_study(text.replace("total_kimg: 40", length), "x.yaml", count_images=lambda _: count)


@pytest.mark.parametrize(
    ("length", "interval"),
    [
        ("total_kimg: 40", 5.0),
        ("total_kimg: 2", 0.25),
        ("total_kimg: 0.1", 0.013),  # 12.5 images, rounded up
        ("total_kimg: 0.001", 0.001),
        ("epochs: 8", 1.497),
        ("epochs: 1", 0.188),  # 1,497 images: 187.125, rounded up
        ("d_steps: 1000", 16.0),  # of arm b
        ("g_steps: 100", 8.0),  # of arm b, with five discriminator steps each
    ],
)
def test_every_unit_of_length_is_divided(length: str, interval: float) -> None:
    found = study(length)
    assert found.budget.evaluate_every_kimg == interval
    assert parse_study(dump_study(found), "again.yaml", is_begun=True) == found


def test_by_time_the_estimated_images_are_divided() -> None:
    found = study("device_sec: 60")
    fastest = max(resolve_training(Arm(found, arm), {}, seed=0, num_train_images=1497).total_kimg for arm in found.arms)
    assert fastest / 8 < found.budget.evaluate_every_kimg < fastest / 4


@pytest.mark.parametrize("kimg", [0.1, 0.7, 1.497, 2, 40, 59.88, 200 * 1.497])
def test_it_makes_eight_evaluations(kimg: float) -> None:
    assert math.ceil(round(kimg / eighth(kimg), 9)) in ({8} if kimg > 0.1 else {8, 7})


def test_a_stated_interval_stays() -> None:
    assert study("total_kimg: 40, evaluate_every_kimg: 7").budget.evaluate_every_kimg == 7
    assert study("epochs: 3, evaluate_every_kimg: 7").budget.evaluate_every_kimg == 7


def test_epochs_of_ones_own_images_are_counted() -> None:
    own = TEXT.replace("name: digits", "name: image_folder, path: mine")
    assert study("epochs: 2", 800, own).budget.evaluate_every_kimg == 0.2
    assert study("d_steps: 1000", None, own).budget.evaluate_every_kimg == 16.0
    for count in (None, 0):
        with pytest.raises(
            InputError, match=r"x.yaml:3:9: budget.evaluate_every_kimg: with epochs, the default depends on"
        ):
            study("epochs: 2", count, own)


@pytest.mark.parametrize("length", ["total_kimg: -1", "total_kimg: many", "epochs: -1", "total_kimg: 2, epochs: 1"])
def test_a_wrong_length_is_one_problem(length: str) -> None:
    with pytest.raises(InputError) as caught:
        study(length)
    (problem,) = caught.value.problems
    assert "evaluate_every_kimg" not in problem


def one_training(tmp_path: Path, length: str) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(f"training: {{dataset: {{name: digits}}, network: mlp, loss: hinge, {length}}}\n")
    return path


def test_one_training_follows_its_length(tmp_path: Path) -> None:
    assert load_trial(one_training(tmp_path, "total_kimg: 2")).training.evaluate_every_kimg == 0.25
    given = load_trial(one_training(tmp_path, "total_kimg: 2, evaluate_every_kimg: 1")).training
    assert given.evaluate_every_kimg == 1
    timed = load_trial(one_training(tmp_path, "device_sec: 5")).training
    assert timed.total_kimg == pytest.approx(5 / estimate_seconds_per_kimg(timed), rel=0.01)
    assert timed.total_kimg / 8 < timed.evaluate_every_kimg < timed.total_kimg
    assert load_trial(one_training(tmp_path, "device_sec: 5, evaluate_every_kimg: 1")).training.evaluate_every_kimg == 1
    with pytest.raises(InputError, match="must not exceed total_kimg, but got 3 with total_kimg=2"):
        load_trial(one_training(tmp_path, "total_kimg: 2, evaluate_every_kimg: 3"))
