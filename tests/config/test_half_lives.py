"""One half-life of the averaged generator, or several of which the first counts."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import resolve_training
from gan_study.config.estimates.scoring_cost import scoring_cost
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.values.half_lives import half_lives
from gan_study.errors import InputError

TEXT = """\
name: x
dataset: {name: digits, image_size: 16}
objective: {num_samples: 100, final_draws: 0}
budget: {trials_per_arm: 2, total_kimg: 5}
arms:
  a: {network: mlp, loss: hinge, ema_half_life_kimg: [10, 0, 0.5]}
  b: {network: mlp, loss: hinge, ema_half_life_kimg: [3]}
  c: {network: mlp, loss: hinge, search_space: {ema_half_life_kimg: {log_uniform: [1, 100]}}}
"""


def test_the_first_of_several_counts() -> None:
    study = parse_study(TEXT, "x.yaml")
    values = {name: resolve_training(Arm(study, name), {}, 0, 100).ema_half_life_kimg for name in "abc"}
    assert values == {"a": "10, 0, 0.5", "b": 3.0, "c": 10.0}
    assert [half_lives(value) for value in values.values()] == [(10, 0, 0.5), (3,), (10,)]
    assert Arm(parse_study(dump_study(study), "again.yaml", is_begun=True), "a").fixed == Arm(study, "a").fixed


def test_the_plan_counts_the_scores_of_the_others() -> None:
    cost = scoring_cost(parse_study(TEXT, "x.yaml"), 1000)
    assert (cost.num_drawn, cost.num_rescored) == (300, 200)
    plain = scoring_cost(parse_study(TEXT.replace("[10, 0, 0.5]", "10"), "x.yaml"), 1000)
    assert (plain.num_drawn, plain.num_rescored) == (100, 0)


@pytest.mark.parametrize("value", ["-1", "[10, 10]", "[]", "[1, -1]", "often", "[1, true]", ".inf"])
def test_other_values_are_refused(value: str) -> None:
    with pytest.raises(
        InputError, match=r"x\.yaml:6:\d+: arms\.a\.ema_half_life_kimg: half-lives are different numbers"
    ):
        parse_study(TEXT.replace("[10, 0, 0.5]", value), "x.yaml")
