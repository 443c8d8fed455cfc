"""An arm's fixed values and search space, with their places in the study file; a length in every unit."""

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.length import Length, LengthUnit
from gan_study.config.reading.load import parse_study

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
