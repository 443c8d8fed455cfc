"""Importance against simulations whose truth is known."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.scripted_world import World, make_study

from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.importance import ParameterImportance, TargetImportance
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.fanova import MIN_TRIALS, Sample, arm_importance, study_importance

SPACE: dict[str, Any] = {
    "g_lr": {"log_uniform": [1e-5, 1e-2]},
    "beta1": {"uniform": [0.0, 0.9]},
    "network.width": {"integer": [8, 64]},
}


def study_with(space: dict[str, Any] = SPACE, **arm: Any) -> StudyConfig:
    return make_study(arms={"lsgan": {"network": "dcgan", "loss": "least_squares"} | arm}, search_space=space)


def drawn(num: int, seed: int = 0) -> list[dict[str, Scalar]]:
    rng = np.random.default_rng(seed)
    return [
        {
            "g_lr": float(10 ** rng.uniform(-5, -2)),
            "beta1": float(rng.uniform(0, 0.9)),
            "network.width": int(rng.integers(8, 65)),
        }
        for _ in range(num)
    ]


def by_name(found: TargetImportance) -> dict[str, ParameterImportance]:
    return {p.name: p for p in found.parameters}


def weighed(num: int, target: Callable[[dict[str, Scalar]], float], seed: int = 0) -> dict[str, ParameterImportance]:
    samples = [Sample(values, target(values)) for values in drawn(num, seed)]
    return by_name(arm_importance(Arm(study_with(), "lsgan"), "score", "log", samples))


def rate(values: dict[str, Scalar]) -> float:
    """The learning rate on its range, 0 to 1."""
    return (math.log10(float(values["g_lr"])) + 5) / 3


def numbers(found: ParameterImportance) -> tuple[float, float, float, float]:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.by_chance is not None
    return found.value, found.low, found.high, found.by_chance


def test_a_quadratic_in_one_hyperparameter_is_found() -> None:
    # Shares of the variance: (1 / 180) * 100 = 0.556 of the rate, 0.09 / 12 = 0.0075 of beta1, none of the width.
    found = weighed(25, lambda v: 10 * (rate(v) - 0.5) ** 2 + 0.3 * float(v["beta1"]) / 0.9)
    value, low, high, by_chance = numbers(found["g_lr"])
    assert value > 0.7
    assert value > by_chance
    assert low <= high <= 1
    for name in ("beta1", "network.width"):
        value, low, high, by_chance = numbers(found[name])
        assert value < 0.2
        assert low < by_chance


def test_two_equal_causes_have_equal_shares_and_more_trials_tell_more() -> None:
    """The sum of two hyperparameters: each explains half the variance. More trials give a better estimate."""
    few, many = (weighed(num, lambda v: rate(v) + float(v["beta1"]) / 0.9) for num in (15, 60))
    for name in ("g_lr", "beta1"):
        value, low, high, _ = numbers(many[name])
        assert value == pytest.approx(0.5, abs=0.12)
        assert high - low < numbers(few[name])[2] - numbers(few[name])[1]
    assert numbers(many["network.width"])[0] < 0.05


def test_noise_is_not_above_chance() -> None:
    """Targets that nothing explains: few of 12 shares are above their 95 % quantile by chance."""
    above = 0
    for seed in range(4):
        rng = np.random.default_rng(100 + seed)
        found = weighed(15, lambda v, rng=rng: float(rng.normal()), seed)  # type: ignore[misc]
        above += sum(numbers(each)[0] > numbers(each)[3] for each in found.values())
    assert above <= 2  # binomial of 12 at 5 %: more than 2 in 2 % of cases


def test_a_logarithmic_range_is_weighed_as_it_is_drawn() -> None:
    """A step at the middle of three decades splits the range in two halves; in plain numbers it would be at 3 %."""
    found = weighed(40, lambda v: float(rate(v) > 0.5) + 0.4 * float(float(v["beta1"]) > 0.45))
    assert numbers(found["g_lr"])[0] == pytest.approx(1 / 1.16, abs=0.08)


def test_the_same_trials_give_the_same_numbers() -> None:
    assert weighed(10, rate) == weighed(10, rate)


def test_of_very_many_trials_some_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_study.search.sampling.fanova.MAX_TRIALS", 20)
    found = weighed(100, lambda v: 10 * (rate(v) - 0.5) ** 2)
    assert numbers(found["g_lr"])[0] > 0.7
    assert found["g_lr"].num_trials == 100


CONDITIONAL: dict[str, Any] = {
    **SPACE,
    "penalty": {"choice": ["none", "wgan_gp"]},
    "penalty_weight": {"log_uniform": [0.1, 100]},
}


def conditional(num: int) -> TargetImportance:
    """The penalty's weight matters, where there is a penalty; the rate matters a little."""
    rng = np.random.default_rng(1)
    samples = []
    for values in drawn(num):
        values["penalty"] = str(rng.choice(["none", "wgan_gp"]))
        target = 0.2 * rate(values)
        if values["penalty"] == "wgan_gp":
            values["penalty_weight"] = float(10 ** rng.uniform(-1, 2))
            target += math.log10(float(values["penalty_weight"]))
        samples.append(Sample(values, target))
    return arm_importance(Arm(study_with(CONDITIONAL), "lsgan"), "score", "log", samples)


def test_a_conditional_hyperparameter_is_weighed_where_it_exists() -> None:
    found = by_name(conditional(40))
    weight = found["penalty_weight"]
    assert numbers(weight)[0] > 0.8
    assert 10 < weight.num_trials < 30
    assert weight.condition == "where it has an effect"
    assert found["g_lr"].num_trials == found["penalty"].num_trials == 40
    assert found["g_lr"].condition is None


def test_a_conditional_hyperparameter_in_few_trials_has_none() -> None:
    found = by_name(conditional(14))
    weight = found["penalty_weight"]
    assert (weight.value, weight.low, weight.high, weight.by_chance) == (None, None, None, None)
    assert weight.reason == f"it exists in {weight.num_trials} of 14 trials, and 10 are needed"
    assert found["g_lr"].value is not None


def test_a_value_outside_its_range_is_left_out_alone() -> None:
    """The paper's value in the first trial may lie outside the range; that trial is then left out."""
    values = drawn(20)
    values[0] = {**values[0], "g_lr": 0.5}
    found = arm_importance(Arm(study_with(), "lsgan"), "score", "log", [Sample(v, rate(v)) for v in values])
    assert {p.num_trials for p in found.parameters} == {19}


def trained(
    tmp_path: Path, score: Callable[[TrialConfig, int], float], trials: int, ends: Any = None, **changes: Any
) -> Any:
    search = {"sampler": "random", "scheduler": "none"} | changes
    budget = {"trials_per_arm": trials, "total_kimg": 2, "evaluate_every_kimg": 1}
    study = make_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        search_space=SPACE,
        search=search,
        budget=budget,
    )
    world = World(study, RunFolder(str(tmp_path)), score, {} if ends is None else ends)
    record = study_importance(study, world.run())
    world.folder.write_importance(record)
    assert world.folder.read_importance() == record
    return {(t.arm, t.target): t for t in record.targets}


def test_a_study_s_scores_and_failures_have_different_causes(tmp_path: Path) -> None:
    """The score depends on the learning rate alone; trials with a high beta1 diverge."""

    class Ends(dict[tuple[str, str], TrialState]):
        def get(self, key: Any, default: Any = None) -> Any:
            config = RunFolder(str(tmp_path)).trial(*key).read_config()
            assert config is not None
            return TrialState.DIVERGED if config.training.beta1 > 0.6 else None

    found = trained(tmp_path, lambda config, nimg: 10 ** (1 + 2 * abs(rate(config.searched) - 0.5)), 30, Ends())
    failures = found["lsgan", "failure"]
    assert (failures.num_trials, failures.scale) == (30, "0/1")
    assert failures.num_failed is not None
    assert 5 <= failures.num_failed <= 15
    scores = found["lsgan", "score"]
    assert (scores.num_trials, scores.scale, scores.num_failed) == (30 - failures.num_failed, "log", None)
    for target, cause in ((scores, "g_lr"), (failures, "beta1")):
        shares = {name: numbers(p) for name, p in by_name(target).items()}
        assert max(shares, key=lambda name: shares[name][0]) == cause
        assert shares[cause][0] > 0.6
        assert shares[cause][0] > shares[cause][3]


def test_too_few_trials_and_no_failures_are_said(tmp_path: Path) -> None:
    found = trained(tmp_path, lambda config, nimg: rate(config.searched) + 1, 5)
    assert found["lsgan", "score"].reason == "5 of 5 search trials trained to their end, and 10 are needed"
    assert found["lsgan", "failure"].reason == "5 search trials have ended, and 10 are needed"
    assert [p.value for t in found.values() for p in t.parameters] == [None] * 6


def test_without_failures_there_is_nothing_to_explain(tmp_path: Path) -> None:
    found = trained(tmp_path, lambda config, nimg: rate(config.searched) + 1, MIN_TRIALS)
    assert found["lsgan", "failure"].reason == "none of 10 search trials has diverged, failed or collapsed"
    assert (found["lsgan", "failure"].num_failed, found["lsgan", "score"].reason) == (0, None)
    assert all(p.value is None and p.reason for p in found["lsgan", "failure"].parameters)


def test_one_failure_is_too_few_to_explain(tmp_path: Path) -> None:
    ends = {("lsgan", "search_003"): TrialState.STOPPED}  # by itself: collapsed
    found = trained(tmp_path, lambda config, nimg: rate(config.searched) + 1, MIN_TRIALS, ends)
    assert found["lsgan", "failure"].reason == (
        "1 of 10 search trials failed, and at least 2 that failed and 2 that did not are needed"
    )


def test_equal_scores_have_no_importance(tmp_path: Path) -> None:
    found = trained(tmp_path, lambda config, nimg: 5.0, MIN_TRIALS)
    assert found["lsgan", "score"].reason == "all scores are equal"


def test_the_trials_of_all_repeats_count(tmp_path: Path) -> None:
    found = trained(tmp_path, lambda config, nimg: rate(config.searched) - 1, 6, repeats=2)
    assert found["lsgan", "score"].num_trials == 12
    assert found["lsgan", "score"].scale == "linear"  # scores below 0 have no logarithm
