"""Each sampler draws the right values, and always the same ones, also after the storage was made anew."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc
from support.scripted_world import FAILURE_SCORE, make_study

from gan_study.config.arms.arm import Arm
from gan_study.config.search.sampling import drawn_at_random
from gan_study.config.study import StudyConfig
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage

SPACE = {
    "g_lr": {"log_uniform": [1e-4, 1e-2]},
    "beta1": {"uniform": [0.0, 0.8]},
    "beta2": {"choice": [0.9, 0.99, 0.999]},
    "network.width": {"integer": [8, 64]},
}
JOINT_SPACE = {
    "penalty": {"choice": ["none", "wgan_gp"]},
    "penalty_weight": {"log_uniform": [0.1, 100]},
    "g_lr": {"log_uniform": [1e-4, 1e-2]},
    "d_lr": {"log_uniform": [1e-4, 1e-2]},
}
SAMPLERS = ["random", "tpe", "gp", "cmaes", "sobol"]


def study_of(sampler: str, num_trials: int = 12, space: dict[str, Any] = SPACE, **search: Any) -> StudyConfig:
    return make_study(
        arms={"only": {"network": "dcgan", "loss": "wasserstein"}},
        search_space=space,
        search={"sampler": sampler, "scheduler": "none", "lag": 1} | search,
        budget={"trials_per_arm": num_trials, "total_kimg": 4, "evaluate_every_kimg": 1},
    )


def score(values: dict[str, Any]) -> float:
    return float(10 + abs(np.log10(values["g_lr"]) + 3) * 50)


def drawn(study: StudyConfig, num: int, resumed_at: int | None = None) -> list[dict[str, Any]]:
    """The samples of one trial after the other; the storage is made anew, from the values, after `resumed_at`."""
    search = ArmSearch(Arm(study, "only"), SearchStorage(), FAILURE_SCORE)
    samples: list[dict[str, Any]] = []
    for index in range(num):
        if index == resumed_at:
            search = ArmSearch(Arm(study, "only"), SearchStorage(), FAILURE_SCORE)
            for before, values in enumerate(samples):
                search.open_trial(before, values)
                search.close_trial(before, TrialState.COMPLETED, score(values))
        samples.append(search.draw_configuration(index))
        search.close_trial(index, TrialState.COMPLETED, score(samples[-1]))
    return samples


@pytest.mark.parametrize("space", [SPACE, JOINT_SPACE])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_interrupted_search_draws_as_an_undisturbed_one(sampler: str, space: dict[str, Any]) -> None:
    num = 9 if sampler == "gp" else 14  # two generations of cmaes, whose state lies in the storage
    study = study_of(sampler, space=space, startup_trials=None if sampler != "gp" else 3)
    expected = drawn(study, num)
    for resumed_at in (5, 8):
        assert drawn(study, num, resumed_at) == expected
    assert drawn(study_of(sampler, space=space, seed=1), 5)[1:] != expected[1:5]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_keeps_to_a_conditional_space(sampler: str) -> None:
    samples = drawn(study_of(sampler, space=JOINT_SPACE, startup_trials=3 if sampler == "gp" else None), 8)
    for values in samples:
        assert set(values) == {"penalty", "g_lr", "d_lr"} | (
            {"penalty_weight"} if values["penalty"] != "none" else set()
        )
    assert {v["penalty"] for v in samples} == {"none", "wgan_gp"}


def test_sobol_goes_through_its_sequence_by_the_trials_number() -> None:
    study = study_of("sobol", first_trial="sampled")
    samples = drawn(study, 8)
    points = np.array(
        [
            [
                (np.log10(v["g_lr"]) + 4) / 2,
                v["beta1"] / 0.8,
                [0.9, 0.99, 0.999].index(v["beta2"]) / 3,
                (v["network.width"] - 8) / 57,
            ]
            for v in samples
        ]
    )
    # The first 8 points of a Sobol sequence have one in each eighth of every axis, and more evenly than chance in all.
    assert sorted(np.floor(points[:, 0] * 8)) == list(range(8))
    assert sorted(np.floor(points[:, 1] * 8)) == list(range(8))
    assert qmc.discrepancy(points[:, :2]) < 0.02
    assert [np.sum(points[:, 2] == third / 3) for third in range(3)] in ([3, 3, 2], [3, 2, 3], [2, 3, 3])


def test_sobol_does_not_depend_on_what_has_ended() -> None:
    study = study_of("sobol")
    search = ArmSearch(Arm(study, "only"), SearchStorage(), FAILURE_SCORE)
    at_once = [search.draw_configuration(index) for index in range(6)]
    assert at_once == drawn(study, 6)
    again = ArmSearch(Arm(study, "only"), SearchStorage(), FAILURE_SCORE)
    assert again.draw_configuration(4) == at_once[4]


@pytest.mark.parametrize("sampler", ["gp", "cmaes"])
def test_learning_samplers_come_closer_than_chance(sampler: str) -> None:
    space = {name: SPACE[name] for name in ("g_lr", "beta1")}
    study = study_of(sampler, 24, space, startup_trials=4 if sampler == "gp" else None)
    num = 14 if sampler == "gp" else 24
    learned, random = drawn(study, num), drawn(study_of("random", 24, space), num)
    assert np.median([score(v) for v in learned[-6:]]) < 0.6 * np.median([score(v) for v in random])


@pytest.mark.parametrize("sampler", ["gp", "cmaes"])
def test_a_first_trial_outside_its_range_takes_no_parameter_from_the_sampler(sampler: str) -> None:
    """Optuna learns only hyperparameters that all its trials have, and it never receives the paper's g_lr of 5e-5."""
    space = {"g_lr": {"log_uniform": [5e-4, 2e-2]}, "beta1": {"uniform": [0.0, 0.8]}}
    num = 12 if sampler == "gp" else 48
    study = study_of(sampler, num, space, startup_trials=4 if sampler == "gp" else None)
    values = drawn(study, num)
    assert values[0]["g_lr"] == 5e-5
    random = drawn(study_of("random", num, space), num)
    assert np.median([score(v) for v in values[-6:]]) < 0.6 * np.median([score(v) for v in random])


def test_what_is_drawn_at_random_is_known() -> None:
    assert drawn_at_random(Arm(study_of("gp"), "only")) == ()
    assert drawn_at_random(Arm(study_of("cmaes"), "only")) == ("beta2",)
    assert drawn_at_random(Arm(study_of("gp", space=JOINT_SPACE), "only")) == ("penalty_weight",)
    assert set(drawn_at_random(Arm(study_of("cmaes", space=JOINT_SPACE), "only"))) == {"penalty", "penalty_weight"}
    for sampler in ("random", "tpe", "sobol"):
        assert drawn_at_random(Arm(study_of(sampler, space=JOINT_SPACE), "only")) == ()


CHOICES = {
    "g_lr": {"choice": [1e-4, 1e-3, 1e-2]},
    "beta1": {"choice": [0.0, 0.5, 0.9]},
    "network.width": {"integer": [8, 10]},
}


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp", "sobol"])
def test_nothing_is_drawn_twice_before_all_has_been_tried(sampler: str) -> None:
    """TPE drew 19 different configurations in 27 trials of a space of 27."""
    num = 27 if sampler != "gp" else 12
    study = study_of(sampler, num, CHOICES, first_trial="sampled", startup_trials=None if sampler != "gp" else 10)
    samples = drawn(study, num)
    assert len({tuple(values.items()) for values in samples}) == num
    assert drawn(study, num, resumed_at=num // 2) == samples
    if sampler != "gp":
        assert len({tuple(values.items()) for values in drawn(study, num + 3)}) == num


def test_a_conditional_space_comes_to_its_end_too() -> None:
    space = {
        "g_lr": {"choice": [1e-3]},
        "penalty": {"choice": ["none", "weight_clip"]},
        "clip_value": {"choice": [0.01, 0.1]},
    }
    samples = drawn(study_of("tpe", 3, space, first_trial="sampled"), 3)
    assert sorted((v["penalty"], v.get("clip_value")) for v in samples) == [
        ("none", None), ("weight_clip", 0.01), ("weight_clip", 0.1)
    ]  # fmt: skip


def test_a_search_without_replacement_still_finds_the_best_first() -> None:
    """TPE finds the good third of a space sooner than chance does."""
    space = CHOICES | {"network.width": {"integer": [8, 15]}}
    ranks = []
    for seed in range(3):
        samples = drawn(study_of("tpe", 40, space, first_trial="sampled", seed=seed, startup_trials=8), 30)
        ranks += [values["g_lr"] == 1e-3 for values in samples[8:24]]
    assert np.mean(ranks) > 0.6  # 0.33 at random
