"""Hyperband and the median rule stop the right trials, at the images that the plan names."""

from typing import Any

import pytest
from support.scripted_world import FAILURE_SCORE, make_evaluation, make_study

from gan_study.config.arms.arm import Arm
from gan_study.config.plan.search_text import stopping_text
from gan_study.config.search.stopping import brackets
from gan_study.config.study import StudyConfig
from gan_study.runs.records.status import TrialState
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.pruners import make_pruner
from gan_study.search.sampling.search_storage import SearchStorage


def study_of(num_trials: int = 12, total_kimg: float = 9, **search: Any) -> StudyConfig:
    return make_study(
        search={"sampler": "random", "lag": 1} | search,
        budget={"trials_per_arm": num_trials, "total_kimg": total_kimg, "evaluate_every_kimg": 1},
    )


def stopped_at(search: ArmSearch, index: int, score: float, last_kimg: int, batch: int = 1) -> int | None:
    """Train one trial with a constant score; the kimg at which it is stopped, None if it goes on to the end."""
    search.draw_configuration(index)
    for kimg in range(last_kimg + 1):
        stop = search.report_evaluation(index, make_evaluation(-(-1000 * kimg // batch) * batch, score))
        if kimg < last_kimg and stop:
            search.close_trial(index, TrialState.STOPPED, score)
            return kimg
    search.close_trial(index, TrialState.COMPLETED, score)
    return None


def test_hyperband_stops_each_trial_at_the_rungs_of_its_bracket() -> None:
    study = study_of(60, 27, scheduler="hyperband")
    expected = [(1, 3, 9), (3, 9), (9,), ()]
    assert [bracket.rungs_kimg for bracket in brackets(study, 27)] == expected
    search = ArmSearch(Arm(study, "lsgan"), SearchStorage(), FAILURE_SCORE)
    # Each is worse than all before, so that it is stopped at the first rung of its bracket, if others have been there.
    first_rungs = [stopped_at(search, index, 100.0 + index, 27) for index in range(60)]
    shares = [first_rungs.count(rung) / 60 for rung in (1, 3, 9, None)]
    for found, bracket in zip(shares, brackets(study, 27), strict=True):
        assert found == pytest.approx(bracket.share, abs=0.15)
    assert set(first_rungs) == {1, 3, 9, None}


def test_hyperband_has_as_many_brackets_as_the_plan_says() -> None:
    for total, grace, factor in ((27, 1, 3), (40, 5, 3), (40, 5, 2), (8, 1, 2), (3, 4, 3), (5, 5, 3)):
        study = study_of(12, total, scheduler="hyperband", grace_kimg=grace, reduction_factor=factor)
        pruner = make_pruner(study)
        search = ArmSearch(Arm(study, "lsgan"), SearchStorage(), FAILURE_SCORE)
        search.draw_configuration(0)
        search.optuna_study.pruner = pruner
        search.report_evaluation(0, make_evaluation(1000 * total, 10.0))
        assert len(getattr(pruner, "_pruners", [])) == len(brackets(study, total))


def test_brackets_compare_only_within_themselves() -> None:
    """The first trial in its bracket is never stopped, however bad it is."""
    study = study_of(30, 9, scheduler="hyperband")
    search = ArmSearch(Arm(study, "lsgan"), SearchStorage(), FAILURE_SCORE)
    found = [stopped_at(search, index, 100.0 + index, 9) for index in range(30)]
    # Two brackets have rungs (1 and 3; 3): the first trial of each goes on to the end, as those do without a rung.
    in_brackets = [[i for i, rung in enumerate(found) if rung == first] for first in (1, 3)]
    assert all(in_brackets)
    assert found.count(None) > 2


def test_the_median_rule_waits_for_completed_trials_and_for_the_grace_period() -> None:
    study = study_of(12, 4, scheduler="median", grace_kimg=2, min_completed_trials=3)
    search = ArmSearch(Arm(study, "lsgan"), SearchStorage(), FAILURE_SCORE)
    assert [stopped_at(search, index, score, 4) for index, score in enumerate((10.0, 20.0, 90.0))] == [None] * 3
    assert stopped_at(search, 3, 20.5, 4) == 2
    assert stopped_at(search, 4, 19.5, 4) is None


def test_the_median_rule_compares_at_equal_intervals_with_batches_of_any_size() -> None:
    study = study_of(12, 4, scheduler="median", min_completed_trials=2)
    search = ArmSearch(Arm(study, "lsgan"), SearchStorage(), FAILURE_SCORE)
    assert stopped_at(search, 0, 10.0, 4, batch=64) is None
    assert stopped_at(search, 1, 20.0, 4, batch=48) is None
    assert stopped_at(search, 2, 30.0, 4, batch=100) == 1


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"scheduler": "hyperband"}, "about 53 % of the trials at 1, 3; about 29 % of the trials at 3; about 18 % of"),
        ({"scheduler": "hyperband"}, "of the trials nowhere; the best 1 in 3 of an arm's bracket so far continue"),
        ({"scheduler": "hyperband", "grace_kimg": 20}, "hyperband has no rung below 9 kimg"),
        ({"scheduler": "median"}, "median: from 1 of 9 kimg on, once 4 trials of the arm are completed"),
        ({"scheduler": "median", "min_completed_trials": 1}, "once 1 trial of the arm"),
    ],
)
def test_the_plan_says_where_trials_are_stopped(search: dict[str, Any], words: str) -> None:
    assert words in stopping_text(study_of(**search), 9)
