"""A search learns which choice of several hyperparameters together is good, and says how much it mattered."""

from typing import Any

from support.scripted_world import make_study

from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.config.groups import group_values
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.fanova import Sample, arm_importance
from gan_study.search.sampling.search_storage import SearchStorage

SPACE: dict[str, Any] = {
    "pace": {"choice": [{"g_lr": rate, "d_lr": 5 * rate} for rate in (1e-5, 1e-4, 1e-3, 1e-2)]},
    "z_dim": {"integer": [16, 64]},
}


def score_of(values: dict[str, Scalar]) -> float:
    return (10.0 if group_values(str(values["pace"]))["g_lr"] == 1e-3 else 100.0) + float(values["z_dim"]) / 64


def test_the_good_choice_is_found_and_named() -> None:
    search = {"sampler": "tpe", "scheduler": "none", "first_trial": "sampled", "lag": 1}
    study = make_study(
        arms={"only": {"network": "dcgan", "loss": "least_squares"}},
        search_space=SPACE,
        search=search,
        budget={"trials_per_arm": 24, "total_kimg": 4},
    )
    arm = Arm(study, "only")
    by_arm, drawn = ArmSearch(arm, SearchStorage(), 1000.0), []
    for index in range(24):
        drawn.append(by_arm.draw_configuration(index))
        by_arm.close_trial(index, TrialState.COMPLETED, score_of(drawn[-1]))
    good = [score_of(values) < 20 for values in drawn]
    assert sum(good[12:]) >= 8  # 3 by chance
    shares = arm_importance(arm, "score", "linear", [Sample(values, score_of(values)) for values in drawn])
    found = {each.name: each.value for each in shares.parameters}
    assert found.keys() == {"pace", "z_dim"}
    assert (found["pace"] or 0) > 0.9
