"""An arm's fixed values and search space, with their places in the study file; a length in every unit."""

import pytest

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.resolved_training import first_trial_values, resolve_training
from gan_study.config.arms.settings import arm_settings
from gan_study.config.reading.load import parse_study
from gan_study.config.values.length import Length, LengthUnit
from gan_study.errors import InputError

STUDY = """\
name: s
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 4}
arms:
  one: {network: {name: mlp, width: 16}, loss: hinge, beta1: 0.5}
  two: {network: mlp, loss: hinge, lr: 0.001}
defaults: {beta1: 0.9, z_dim: 32}
search_space: {g_lr: {log_uniform: [1e-4, 1e-2]}}
"""


def test_an_arm_knows_what_it_fixes_and_where() -> None:
    one, two = arms_of(parse_study(STUDY, "s.yaml"))
    assert one.fixed == {"z_dim": 32, "network.name": "mlp", "network.width": 16, "loss": "hinge", "beta1": 0.5}
    places = {"beta1": ("arms", "one", "beta1"), "z_dim": ("defaults", "z_dim"), "d_lr": ()}
    assert {name: one.place_of_fixed(name) for name in places} == places
    assert one.place_of_fixed("network.width") == ("arms", "one", "network", "width")
    assert two.place_of_fixed("beta1") == ("defaults", "beta1")


def test_an_arm_searches_what_it_does_not_fix_itself() -> None:
    one, two = arms_of(parse_study(STUDY, "s.yaml"))
    assert [(p.name, p.path) for p in one.parameters] == [("g_lr", ("search_space", "g_lr"))]
    assert two.parameters == ()  # lr sets g_lr, too
    assert one.parameters is one.parameters
    assert Arm(one.study, "one").assignments == one.assignments == (dict(one.fixed),)


def test_a_length_in_images() -> None:
    units: dict[LengthUnit, float] = {"total_kimg": 0.3, "epochs": 0.45, "d_steps": 0.012, "g_steps": 0.06}
    for unit, kimg in units.items():
        length = Length(unit, 0.3 if unit == "total_kimg" else 3)
        assert length.to_kimg(batch_size=4, d_steps_per_g_step=5, num_train_images=150) == kimg
        assert not length.is_time
    assert Length("device_sec", 3).to_kimg(4, 5, 150) is None
    assert [unit for unit in units if Length(unit, 1).fixes_images] == ["total_kimg", "epochs"]


WIDTHS = """\
name: s
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 4}
arms:
  both: {network: dcgan, loss: hinge}
  one: {network: {name: dcgan, g_width: 16}, loss: hinge}
  searched: {network: dcgan, loss: hinge, search_space: {network.d_width: {choice: [8, 16]}}}
  fixed: {network: {name: dcgan, width: 8}, loss: hinge}
search_space: {network.g_width: {choice: [8, 16]}}
"""


def test_a_width_sets_both_players_widths_and_is_shown_where_it_decides_one() -> None:
    arms = {arm.name: arm for arm in arms_of(parse_study(WIDTHS, "s.yaml"))}
    # A width in place of a range of one player's, as a learning rate is in place of g_lr.
    searched = {name: [p.name for p in arm.parameters] for name, arm in arms.items()}
    g_width, d_width = "network.g_width", "network.d_width"
    assert searched == {"both": [g_width], "one": [], "searched": [g_width, d_width], "fixed": []}
    shown = {
        name: {key: value for key, value in arm_settings(arm).fixed.items() if "width" in key}
        for name, arm in arms.items()
    }
    assert shown == {
        "both": {"network.width": 64},
        "one": {"network.width": 64, g_width: 16},
        "searched": {},
        "fixed": {"network.width": 8},
    }
    assert first_trial_values(arms["searched"]) == {g_width: 16, d_width: 16}  # nearest to 64
    network = resolve_training(arms["one"], {}, 0, 100).network
    assert (network.generator_width, network.discriminator_width) == (16, 64)
    text = WIDTHS.replace("{name: dcgan, g_width: 16}", "{name: dcgan, width: 8, d_width: 16}")
    with pytest.raises(InputError, match=r"network\.width sets both widths, but got network\.d_width too; remove one"):
        parse_study(text, "s.yaml")
