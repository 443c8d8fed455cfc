"""The replay of a scheduler's decisions, against the searches in which Optuna's pruners made them."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import OBJECTIVE, Ends, World, make_study

from gan_study.analysis.health.replay import SearchCurve, stopped_at
from gan_study.analysis.health.search_health import search_health
from gan_study.analysis.health.stopping import known_to, recorded_curves
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.config.reading.load import dump_study
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.search.order import lag_of
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import StudyStatus, TrialState

ENDS: Ends = {
    ("lsgan", "search_001"): TrialState.DIVERGED,
    ("lsgan", "search_004"): TrialState.STOPPED,  # by itself: collapsed
    ("wgan", "search_003"): TrialState.FAILED,
}


def score(config: TrialConfig, cur_nimg: int) -> float:
    distance = abs(math.log10(config.training.g_lr) + 3)
    luck = random.Random(f"{config.training.seed} {cur_nimg}").uniform(0.7, 1.3)
    return luck * (20 + 15 * distance + 60 * math.exp(-cur_nimg / 3000))


def searched(place: Path, search: dict[str, Any], every: float = 1, **changes: Any) -> RunData:
    budget = {"trials_per_arm": 16, "total_kimg": 10, "evaluate_every_kimg": every}
    study = with_search_defaults(make_study(search={"sampler": "random", **search}, budget=budget, **changes))
    world = World(study, RunFolder(str(place)), score, ENDS, 4)
    world.folder.write_study_text(dump_study(study))
    world.folder.write_objective(OBJECTIVE)
    world.run()
    world.folder.write_study_status(StudyStatus(state="completed", start_time=0.0, elapsed_sec=1.0))
    return load_run(world.folder)


@pytest.mark.parametrize(
    ("search", "every"),
    [
        ({"scheduler": "asha"}, 1.0),
        ({"scheduler": "asha", "reduction_factor": 2, "lag": 5}, 1.0),
        ({"scheduler": "asha", "reduction_factor": 2, "grace_kimg": 1, "lag": 1}, 2.5),  # two rungs between evaluations
        ({"scheduler": "median", "min_completed_trials": 2}, 1.0),
        ({"scheduler": "median", "min_completed_trials": 1, "grace_kimg": 3, "lag": 1}, 1.0),
    ],
)
def test_the_replay_of_a_search_stops_its_trials_where_it_stopped_them(
    tmp_path: Path, search: dict[str, Any], every: float
) -> None:
    run = searched(tmp_path, search, every)
    num_stopped = 0
    for arm in run.arms:
        curves = recorded_curves(run, arm)
        assert len(curves) == 16
        for trial, curve in zip(run.trials_of_arm(arm, "search"), curves, strict=True):
            is_stopped = trial.state is TrialState.STOPPED and not trial.status.collapsed
            num_stopped += is_stopped
            found = stopped_at(run.study, curve, known_to(curves, curve.index, lag_of(run.study)))
            assert found == (trial.status.cur_nimg if is_stopped else None), trial.name
    assert 6 <= num_stopped <= 28


def test_a_worse_curve_in_a_trial_s_place_is_stopped(tmp_path: Path) -> None:
    run = searched(tmp_path, {"scheduler": "asha"})
    curves = recorded_curves(run, "lsgan")
    late = curves[-1]
    known = known_to(curves, late.index, lag_of(run.study))
    worse = SearchCurve(late.index, dict.fromkeys(range(0, 11000, 1000), 900.0))
    better = SearchCurve(late.index, dict.fromkeys(range(0, 11000, 1000), 1.0))
    assert stopped_at(run.study, worse, known) == 1000
    assert stopped_at(run.study, better, known) is None


def stopping(run: RunData) -> tuple[str, str, tuple[str, ...]]:
    (found,) = (each for each in search_health(run) if each.check == "stopping")
    return found.level, found.sentence, found.settings


def test_seeds_that_stopping_would_have_lost_are_counted(tmp_path: Path) -> None:
    """Five seeds of each best configuration, replayed one by one as the report counts them."""
    run = searched(tmp_path, {"scheduler": "asha"}, confirm={"top_k": 1, "seeds": 5})
    level, sentence, settings = stopping(run)
    trials = [t for arm in run.arms for t in run.trials_of_arm(arm, "search")]
    stopped = [t for t in trials if t.state is TrialState.STOPPED and not t.status.collapsed]
    saved = sum(10 - t.kimg for t in stopped) / (10 * len(trials))
    assert sentence.startswith(f"asha saved {100 * saved:.0f} % of the images of the search.")
    assert "of 5 seeds of lsgan and" in sentence
    assert (level == "serious") == bool(settings)


def test_a_search_that_stopped_nothing_learns_what_asha_would_have_saved(tmp_path: Path) -> None:
    """A search with asha takes the same random configurations, so the replay must save exactly what it saved."""
    whole = searched(tmp_path / "whole", {"scheduler": "none", "first_trial": "sampled"})
    asha = searched(tmp_path / "asha", {"scheduler": "asha", "first_trial": "sampled"})
    trials = [t for arm in asha.arms for t in asha.trials_of_arm(arm, "search")]
    full = sum(t.kimg for arm in whole.arms for t in whole.trials_of_arm(arm, "search"))
    saved = (full - sum(t.kimg for t in trials)) / full
    assert saved > 0.3
    _, sentence, _ = stopping(whole)
    assert sentence.startswith(f"asha would have saved {100 * saved:.0f} % of the images of the search")


def test_a_scheduler_that_is_not_replayed_is_named(tmp_path: Path) -> None:
    level, sentence, settings = stopping(searched(tmp_path, {"scheduler": "hyperband", "reduction_factor": 2}))
    assert (level, settings) == ("unknown", ())
    assert "only asha and median are replayed" in sentence
