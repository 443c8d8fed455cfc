"""Schedules of learning rates: what their texts mean, and where a study may name them."""

import math

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.values.lr_schedules import rate_share, schedule_to_text
from gan_study.errors import InputError

SEARCHED = "{choice: [linear, constant, {cosine: 0.1}, {step: {at: [0.5], factor: 0.1}}]}"
TEXT = """\
name: x
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  a: {network: mlp, loss: hinge}
  b: {network: mlp, loss: hinge, lr_schedule: {step: {at: [0.5, 0.75], factor: 0.1}}}
  c: {network: mlp, loss: hinge, d_lr: 0.5}
search_space:
  lr_schedule: SEARCHED
""".replace("SEARCHED", SEARCHED)


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0]),
        ({"linear": 0.2}, [1, 0.8, 0.6, 0.2]),
        ("cosine", [1, (1 + math.cos(math.pi / 4)) / 2, 0.5, 0]),
        ({"cosine": 0.5}, [1, 0.5 + (1 + math.cos(math.pi / 4)) / 4, 0.75, 0.5]),
        ({"step": {"at": [0.25, 0.5], "factor": 0.5}}, [1, 0.5, 0.25, 0.25]),
    ],
)
def test_shares_at_parts_of_a_training(schedule: object, shares: list[float]) -> None:
    share = rate_share(schedule_to_text(schedule))
    assert [share(part) for part in (0, 0.25, 0.5, 1)] == pytest.approx(shares)


def test_a_study_fixes_and_searches_schedules_of_either_player() -> None:
    study = parse_study(TEXT, "x.yaml")
    a, b, c = (Arm(study, name) for name in "abc")
    assert first_trial_values(c) == {"lr_schedule": "constant"}
    for arm, expected in ((c, ("cosine to 0.1",) * 2), (b, ("step by 0.1 at 0.5, 0.75",) * 2)):
        training = resolve_training(arm, {"lr_schedule": "cosine to 0.1"} if arm is c else {}, 0, 100)
        assert (training.g_lr_schedule, training.d_lr_schedule) == expected
        assert training.lr_schedule == expected[0]
    assert b.parameters == ()
    again = parse_study(dump_study(study), "again.yaml", is_begun=True)
    assert [Arm(again, name).parameters for name in "abc"] == [arm.parameters for arm in (a, b, c)]


FALLS = "a schedule of a learning rate falls from 1 within the training, but got "


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{cosine: 0.1}", "{cosine: 2}", f"search_space.lr_schedule.choice: {FALLS}cosine to 2; write"),
        ("[linear,", "[liner,", f"x.yaml:9:26: search_space.lr_schedule.choice[0]: {FALLS}liner; write constant"),
        ("[0.5, 0.75], factor", "[0.5, 0.75], factr", f"x.yaml:6:47: arms.b.lr_schedule: {FALLS}{{step:"),
        ("at: [0.5, 0.75]", "at: [0.75, 0.5]", f"{FALLS}step by 0.1 at 0.75, 0.5"),
        ("lr_schedule: {step: {at: [0.5, 0.75], factor: 0.1}}", "lr_schedule: [cosine]", f"{FALLS}('cosine',)"),
        (SEARCHED, "{uniform: [0, 1]}", "lr_schedule is a name or a mapping, but got uniform; use choice"),
        ("d_lr: 0.5", "d_lr_schedule: linear", "lr_schedule sets both schedules, but got d_lr_schedule too; remove"),
    ],
)
def test_what_is_no_schedule_is_one_problem_at_its_place(old: str, new: str, words: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_study(TEXT.replace(old, new), "x.yaml")
    (problem,) = caught.value.problems
    assert words in problem


def test_a_length_in_seconds_has_no_schedule() -> None:
    with pytest.raises(InputError, match=r"number of images is known, but got d_lr_schedule=step by .* device_sec=5"):
        parse_study(TEXT.replace("total_kimg: 5", "device_sec: 5"), "x.yaml")
