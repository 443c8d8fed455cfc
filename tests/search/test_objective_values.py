"""The values that Optuna receives in a search with several objectives."""

from statistics import fmean
from typing import Any

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import TrialState as OptunaState
from support.scripted_world import FAILURE_SCORE, make_evaluation, make_study

from gan_study.config.arms.arm import Arm
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.objective_values import TrialEnd
from gan_study.search.sampling.search_storage import SearchStorage

OBJECTIVES = ["score", "coverage", "device_sec"]


def make_search(sampler: str = "random", **changes: Any) -> tuple[ArmSearch, optuna.Study]:
    search = {"sampler": sampler, "scheduler": "none", "objectives": OBJECTIVES}
    study, storage = make_study(search=search, **changes), SearchStorage()
    arm_search = ArmSearch(Arm(study, "lsgan"), storage, FAILURE_SCORE)
    return arm_search, optuna.load_study(study_name="scripted/lsgan", storage=storage)


def test_directions_are_those_of_the_objectives() -> None:
    _, optuna_study = make_search()
    assert optuna_study.directions == [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]


@pytest.mark.parametrize(
    ("state", "score", "end", "reported"),
    [
        (TrialState.COMPLETED, 12.5, TrialEnd(0.8, 30.0), [12.5, 0.8, 30.0]),
        (TrialState.COMPLETED, None, TrialEnd(None, 30.0), [FAILURE_SCORE, 0.0, 30.0]),
        # Twice the most that is known of any trial of the arm: the first one's 100 s.
        (TrialState.DIVERGED, 12.5, TrialEnd(None, 1.0), [FAILURE_SCORE, 0.0, 200.0]),
        (TrialState.DIVERGED, None, TrialEnd(None, 150.0), [FAILURE_SCORE, 0.0, 300.0]),
    ],
)
def test_values_are_finite_and_a_failure_s_the_worst(
    state: TrialState, score: float | None, end: TrialEnd, reported: list[float]
) -> None:
    search, optuna_study = make_search()
    search.draw_configuration(0)
    search.close_trial(0, TrialState.COMPLETED, 50.0, TrialEnd(0.5, 100.0))
    search.draw_configuration(1)
    assert search.report_evaluation(1, make_evaluation(1000, score)) is False
    search.close_trial(1, state, score, end)
    assert optuna_study.trials[1].values == reported
    assert all(trial.state is OptunaState.COMPLETE for trial in optuna_study.trials)


def test_a_failure_before_any_end_is_bad_too() -> None:
    search, optuna_study = make_search()
    search.draw_configuration(0)
    search.close_trial(0, TrialState.DIVERGED, None, TrialEnd(None, 0.0))
    search.draw_configuration(1)
    search.close_trial(1, TrialState.COMPLETED, 50.0, TrialEnd(0.5, 0.1))
    assert [trial.number for trial in optuna_study.best_trials] == [1]


def test_failed_trials_are_reported_as_the_worst() -> None:
    """Samplers ignore trials in Optuna's state FAIL, and would try such configurations again and again."""
    search, optuna_study = make_search()
    search.draw_configuration(0)
    search.close_trial(0, TrialState.FAILED, None)
    (trial,) = optuna_study.trials
    assert (trial.state, trial.user_attrs["state"]) == (OptunaState.COMPLETE, "failed")
    assert trial.values is not None
    assert trial.values[0] == FAILURE_SCORE


@pytest.mark.parametrize("sampler", ["tpe", "random", "gp", "sobol"])
def test_samplers_learn_from_several_objectives(sampler: str) -> None:
    """The narrow network is best in all three objectives: tpe and gp draw it more often than chance does."""
    num = 12 if sampler == "gp" else 24  # gp takes seconds for each draw with three objectives
    search, optuna_study = make_search(
        sampler, budget={"trials_per_arm": num, "total_kimg": 4, "evaluate_every_kimg": 1},
        search_space={"network.width": {"integer": [8, 64]}},
    )  # fmt: skip
    widths = []
    for index in range(num):
        width = search.draw_configuration(index)["network.width"]
        assert isinstance(width, int)
        widths.append(width)
        search.close_trial(index, TrialState.COMPLETED, float(width), TrialEnd(1 - width / 100, float(width)))
    assert all(trial.state is OptunaState.COMPLETE for trial in optuna_study.trials)
    if sampler in ("tpe", "gp"):
        # Chance draws 36 on average. No width is drawn twice, so 16 of them cannot fall below 15.5.
        start = num // 3
        assert fmean(widths[start:]) < 28 < fmean(widths[1:start])
