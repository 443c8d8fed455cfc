"""Where each training's best evaluation counts, it decides the search and the confirmation; rungs compare as before."""

from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as OptunaState
from support.present import present
from support.scripted_world import FAILURE_SCORE, World, make_study

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import best_trial
from gan_study.config.reading.load import dump_study
from gan_study.config.training import TrialConfig
from gan_study.runs.counted_generator import At
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director

CURVES = (
    (50.0, 40.0, 30.0, 20.0),
    (50.0, 10.0, 60.0, 70.0),
    (50.0, 45.0, 44.0, 43.0),
    (60.0, 61.0, 62.0, 63.0),
)
"""By the number of the search trial, at 1 to 4 thousand images: the second is the best of all, and ends the worst."""


def score(config: TrialConfig, cur_nimg: int) -> float:
    return CURVES[1 if config.phase == "confirm" else config.index][cur_nimg // 1000 - 1]


def world(place: Path, at: str, **changes: Any) -> World:
    sections: dict[str, Any] = {"objective": {"at": at}, "confirm": {"top_k": 1, "seeds": 1}, **changes}
    study = make_study(**sections)
    found = World(study, RunFolder(str(place)), score)
    found.folder.write_study_text(dump_study(study))
    return found


def reported(found: World) -> list[float | None]:
    return [trial.value for trial in found.optuna_trials("lsgan")]


def best_names(director: Director) -> list[str]:
    return [trial.config.name for trial in director.agenda.best("lsgan")]


@pytest.mark.parametrize(
    ("at", "values", "first"),
    [("last", [20.0, 70.0, 43.0, 63.0], "search_000"), ("best", [20.5, 10.5, 43.5, 60.5], "search_001")],
)
def test_the_score_that_counts_is_reported_and_confirmed(
    tmp_path: Path, at: str, values: list[float], first: str
) -> None:
    found = world(tmp_path, at)
    director = found.run()
    assert reported(found) == values
    assert best_names(director)[0] == first
    (confirmed,) = director.agenda.arm_trials("lsgan", "confirm")
    assert confirmed.config.source == first
    run = load_run(found.folder)
    best = best_trial(run.searched_trials("lsgan"))
    assert best is not None
    assert (best.name, best.score) == (first, min(values))


def test_a_resumed_study_reports_the_same_scores(tmp_path: Path) -> None:
    whole, broken = world(tmp_path / "whole", "best"), world(tmp_path / "broken", "best")
    whole.run()
    for stop_after in (5, 9, 6, None):
        broken.run(stop_after, lose_last=stop_after == 9)
    broken.make_director()
    assert reported(broken) == reported(whole)
    assert broken.ended() == whole.ended()


def test_rungs_compare_the_current_scores(tmp_path: Path) -> None:
    search = {"sampler": "random", "scheduler": "median", "min_completed_trials": 1}
    found = world(tmp_path, "best", search=search)
    director = found.run()
    # Optuna's median rule compares a trial's best so far with the others at as many images.
    stopped = director.trials["lsgan", "search_003"]
    assert (stopped.state, stopped.score) == (TrialState.STOPPED, 60.0)
    assert found.optuna_trials("lsgan")[3].state is OptunaState.PRUNED
    (trial,) = (t for t in load_run(found.folder).searched_trials("lsgan") if t.name == "search_003")
    assert (trial.score, trial.best) == (60.0, None)


def test_a_trial_that_diverged_after_a_good_evaluation_has_failed(tmp_path: Path) -> None:
    found = world(tmp_path, "best")
    found.ends = {("lsgan", "search_001"): TrialState.DIVERGED, ("lsgan", "search_002"): TrialState.STOPPED}
    director = found.run()
    assert reported(found) == [20.5, FAILURE_SCORE, FAILURE_SCORE, 60.5]
    assert best_names(director)[0] == "search_000"
    run = load_run(found.folder)
    assert [t.score for t in run.searched_trials("lsgan")][:2] == [20.5, None]


def test_confirmed_seeds_have_both_scores(tmp_path: Path) -> None:
    both: tuple[tuple[At, float], ...] = (("last", 70.0), ("best", 10.5))
    for at, counted in both:
        found = world(tmp_path / at, at)
        found.run()
        run = load_run(found.folder)
        (trial,) = run.trials_of_arm("lsgan", "confirm")
        assert trial.best is not None
        assert trial.score == trial.score_at(at) == counted, at
    assert (trial.score_at("last"), present(trial.best).score, present(trial.best).chosen_by) == (70.0, 10.5, 10.0)
    assert trial.counted is not None
    assert trial.counted.cur_nimg == 2000
