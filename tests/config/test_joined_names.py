"""Penalties that are added together, and augmentations: fixed and searched."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.names import LOSSES, REAL_ABOVE
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.values.augment import adaptive_strength, augmentations_of
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


def test_adaptive_augmentations_are_one_value() -> None:
    text = TEXT.replace("augment: [translation, colour]", "augment: {adaptive: [translation, colour]}")
    text = text.replace("relativistic", "hinge")
    study = parse_study(text.replace("[cutout, flip]", "{adaptive: flip, target: 0.5, ramp_kimg: 2}"), "x.yaml")
    fixed = resolve_training(Arm(study, "c"), {}, 0, 100).augment
    assert (fixed, adaptive_strength(fixed)) == ("adaptive colour+translation", (0.6, None))
    assert augmentations_of(fixed) == ("colour", "translation")
    chosen = study.search_space["augment"].model_dump()["choice"]  # type: ignore[union-attr]
    assert chosen == ("none", "flip", "adaptive flip to 0.5 in 2 kimg")
    assert adaptive_strength(chosen[2]) == (0.5, 2.0)
    assert adaptive_strength(chosen[1]) is None
    assert parse_study(dump_study(study), "again.yaml", is_begun=True) == study


@pytest.mark.parametrize("loss", LOSSES)
def test_they_need_a_loss_whose_output_has_a_sign(loss: str) -> None:
    text = TEXT.replace("loss: relativistic", "loss: hinge").replace("[cutout, flip]", "{adaptive: flip}")
    text = text.replace("loss: hinge, penalty: none, augment: [translation, colour]", f"loss: {loss}")
    if loss in REAL_ABOVE:
        assert len(parse_study(text, "x.yaml").arms) == 3
        return
    with pytest.raises(InputError) as caught:
        parse_study(text, "x.yaml")
    (problem,) = caught.value.problems
    assert "search_space.augment: arm c: adaptive augmentations follow the sign" in problem
    assert f"with hinge, least_squares, minimax, non_saturating, but got loss={loss}" in problem


def test_a_searched_loss_must_have_a_sign_too() -> None:
    text = TEXT.replace(
        "loss: hinge, penalty: none, ", "penalty: none, search_space: {loss: {choice: [hinge, LOSS]}}, "
    )
    text = text.replace("augment: [translation, colour]", "augment: {adaptive: flip}")
    assert parse_study(text.replace("LOSS", "minimax"), "x.yaml")
    with pytest.raises(InputError, match=r"arms\.c\.augment: arm c: adaptive .* but got loss=wasserstein"):
        parse_study(text.replace("LOSS", "wgan"), "x.yaml")


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
        ("[translation, colour]", "{adaptive: [fade]}", "7:60: arms.c.augment: augmentations are none, or some of"),
        ("[translation, colour]", "{adaptive: flip, target: 2}", "but got augment=adaptive flip to 2; write such as"),
        ("[translation, colour]", "{adaptive: flip, ramp_kimg: 0}", "but got augment=adaptive flip in 0 kimg; write"),
        ("[translation, colour]", "{adaptive: flip, ramp: 1}", "7:60: arms.c.augment: augmentations are none, or"),
        (
            "[cutout, flip]",
            "[cutout, cutout]",
            "11:34: search_space.augment.choice[2]: augmentations are none, or some",
        ),
        (
            "{choice: [none, flip, [cutout, flip]]}",
            "{uniform: [0, 1]}",
            "augment is a name, a list or a mapping, but got uniform",
        ),
        ("relativistic", "r3gan", "unknown loss 'r3gan'; write loss: relativistic and penalty: [r1, r2]"),
    ],
)
def test_other_lists_are_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_study(TEXT.replace(old, new), "x.yaml")
    (problem,) = caught.value.problems
    assert words in problem
