"""Searches whose trials train nothing: where a sampler looks, once some trials fail and most are stopped early."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from support.scripted_world import FAILURE_SCORE, make_evaluation, make_study

from gan_study.config.arms.arm import Arm
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.search_storage import SearchStorage

optuna.logging.set_verbosity(optuna.logging.WARNING)

Values = dict[str, Any]
NUM_KIMG = 100


def drawn(
    score: Callable[[Values, np.random.Generator], float | None],
    num: int,
    seed: int,
    space: dict[str, Any],
    end: TrialState = TrialState.DIVERGED,
    **search: Any,
) -> list[tuple[Values, TrialState]]:
    """The trials of one arm, one after the other.

    A trial's score falls from 300 to `score` while it trains. One whose `score` is None ends in the state `end` before
    the last rung that it would come to.
    """
    study = make_study(
        arms={"only": {"network": "dcgan", "loss": "wasserstein"}},
        search_space=space,
        search={"first_trial": "sampled", "seed": seed, "lag": 1} | search,
        budget={"trials_per_arm": num, "total_kimg": NUM_KIMG, "evaluate_every_kimg": 5},
    )
    arm, rng, trials = ArmSearch(Arm(study, "only"), SearchStorage(), FAILURE_SCORE), np.random.default_rng(seed), []
    for index in range(num):
        values = arm.draw_configuration(index)
        last, state, reached = score(values, rng), TrialState.COMPLETED, None
        for kimg in range(5, NUM_KIMG + 1, 5):
            if last is None and kimg > 10:
                state = end
                break
            reached = (last or 150.0) * (300 / (last or 150.0)) ** ((1 - kimg / NUM_KIMG) ** 2)
            reached *= float(np.exp(rng.normal(0, 0.05)))
            if arm.report_evaluation(index, make_evaluation(1000 * kimg, reached)):
                state = TrialState.STOPPED
                break
        arm.close_trial(index, state, reached)
        trials.append((values, state))
    return trials


def too_wide(values: Values, rng: np.random.Generator) -> float | None:
    """The process dies of a wide network each time; below that, wider is better."""
    width = values["network.width"]
    return None if width > 80 else float(20 * np.exp(abs(np.log10(values["g_lr"]) + 3.5) + (80 - width) / 60))


WIDE_SPACE = {"g_lr": {"log_uniform": [1e-5, 1e-2]}, "network.width": {"integer": [8, 128]}}


@pytest.mark.parametrize(("sampler", "num", "num_seeds"), [("tpe", 30, 6), ("gp", 14, 1)])
def test_configurations_that_die_each_time_are_left_alone(sampler: str, num: int, num_seeds: int) -> None:
    """By chance 40 % of the trials fail. In Optuna's state FAIL, which TPE ignores, 77 % of its trials did."""
    deaths = []
    for seed in range(num_seeds):
        found = drawn(
            too_wide, num, seed, WIDE_SPACE, TrialState.FAILED, sampler=sampler, scheduler="none", startup_trials=8
        )
        deaths += [state is TrialState.FAILED for _, state in found[8:]]
    assert np.mean(deaths) < 0.35


def test_a_first_trial_that_fails_is_not_what_tpe_learns_from() -> None:
    """After one trial TPE takes it for the best, even if it has failed."""
    rates = []
    for seed in range(6):
        found = drawn(
            lambda values, rng: None, 6, seed, WIDE_SPACE, TrialState.FAILED, sampler="tpe", scheduler="none",
            startup_trials=1, first_trial="paper_defaults",
        )  # fmt: skip
        rates += [np.log10(values["g_lr"]) for values, _ in found[1:]]
    assert np.std(rates) > 0.7  # 0.87 for a uniform draw over three powers of ten
    assert np.mean([abs(rate - np.log10(5e-5)) < 0.5 for rate in rates]) < 0.5


def fast_rates_diverge(values: Values, rng: np.random.Generator) -> float | None:
    """A fifth of the space diverges, beside good configurations."""
    rate = np.log10(values["g_lr"])
    return None if rate > -2.6 else float(20 * np.exp(1.5 * abs(rate + 3) + abs(values["beta1"] - 0.3)))


RATE_SPACE = {"g_lr": {"log_uniform": [1e-5, 1e-2]}, "beta1": {"uniform": [0.0, 0.9]}}


@pytest.mark.parametrize("scheduler", ["asha", "hyperband"])
def test_what_diverges_is_not_taken_for_good_where_few_trials_complete(scheduler: str) -> None:
    """By their scores diverged trials rank among the completed, which TPE ranks before all stopped ones."""
    diverged: list[bool] = []
    for seed in range(4):
        found = drawn(fast_rates_diverge, 60, seed, RATE_SPACE, sampler="tpe", scheduler=scheduler)
        diverged += [state is TrialState.DIVERGED for _, state in found[20:]]
    assert np.mean(diverged) < 0.1  # 0.20 at random


def steep(values: Values, rng: np.random.Generator) -> float | None:
    """Scores over three powers of ten, with failures; about 19 at best."""
    rate, ratio = np.log10(values["g_lr"]), np.log10(values["d_lr"] / values["g_lr"])
    if rate > -2.4:
        return None
    distance = 1.6 * abs(rate + 3.3) + 0.9 * abs(ratio - 0.3) + values["beta1"]
    return float(min(FAILURE_SCORE, 19 * np.exp(distance + rng.normal(0, 0.05))))


STEEP_SPACE = {
    "g_lr": {"log_uniform": [1e-5, 1e-2]},
    "d_lr": {"log_uniform": [1e-5, 1e-2]},
    "beta1": {"uniform": [0.0, 0.9]},
}


@pytest.mark.parametrize("scheduler", ["none", "asha"])
@pytest.mark.parametrize("sampler", ["gp", "cmaes", "tpe"])
def test_samplers_find_more_than_chance_over_powers_of_ten(sampler: str, scheduler: str) -> None:
    """A Gaussian process on raw scores drew as if at random, and with asha it drew hardly any trial."""
    num, seeds = (20, 2) if sampler == "gp" else (40, 3)
    late: dict[str, list[float]] = {sampler: [], "random": []}
    for name, scores in late.items():
        for seed in range(seeds):
            found = drawn(steep, num, seed, STEEP_SPACE, sampler=name, scheduler=scheduler)
            quiet = np.random.default_rng(0)
            scores += [steep(values, quiet) or FAILURE_SCORE for values, _ in found[-num // 3 :]]
    assert np.median(late[sampler]) < 0.6 * np.median(late["random"])
