"""Penalties that are added together, and augmentations: fixed and searched."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.errors import InputError

TEXT = """\
name: x
dataset: {name: digits, image_size: 16}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  a: {network: dcgan, loss: hinge}
  b: {network: dcgan, loss: relativistic, penalty: [r2, r1], penalty_every: 4}
  c: {network: dcgan, loss: hinge, penalty: none, augment: [translation, colour]}
search_space:
  penalty: {choice: [none, r1, [r1, r2]]}
  penalty_weight: {log_uniform: [0.1, 10], when: {penalty: r1+r2}}
  augment: {choice: [none, flip, [cutout, flip]]}
"""


def test_a_list_is_one_value() -> None:
    study = parse_study(TEXT, "x.yaml")
    a, b = Arm(study, "a"), Arm(study, "b")
    fixed = resolve_training(b, {}, 0, 100)
    assert (fixed.penalty, fixed.penalty_weight, fixed.network.discriminator_norm) == ("r1+r2", 10, "none")
    penalty, weight, augment = a.parameters
    assert augment.range.model_dump()["choice"] == ("none", "flip", "cutout+flip")
    assert first_trial_values(a) == {"penalty": "none", "augment": "none"}
    assert resolve_training(Arm(study, "c"), {}, 0, 100).augment == "colour+translation"
    assert penalty.range.model_dump()["choice"] == ("none", "r1", "r1+r2")
    assert [weight.is_active({"penalty": name}) for name in ("none", "r1", "r1+r2")] == [False, False, True]
    assert Arm(parse_study(dump_study(study), "again.yaml", is_begun=True), "b").fixed == b.fixed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[r2, r1]", "[r2, wgan_gp]", "6:52: arms.b.penalty: must be 'none', 'dragan', 'r1', 'r1+r2', "),
        ("[r1, r2]", "[r1, r3]", "9:32: search_space.penalty.choice[2]: must be 'none', 'dragan', 'r1', 'r1+r2', "),
        (
            "[translation, colour]",
            "[translation, color]",
            "7:60: arms.c.augment: augmentations are none, or some of colour,",
        ),
        (
            "[cutout, flip]",
            "[cutout, cutout]",
            "11:34: search_space.augment.choice[2]: augmentations are none, or some",
        ),
        ("{choice: [none, flip, [cutout, flip]]}", "{uniform: [0, 1]}", "augment is a name or a list, but got uniform"),
        ("relativistic", "r3gan", "unknown loss 'r3gan'; write loss: relativistic and penalty: [r1, r2]"),
    ],
)
def test_other_lists_are_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(TEXT.replace(old, new), "x.yaml")
    (problem,) = caught.value.problems
    assert words in problem
