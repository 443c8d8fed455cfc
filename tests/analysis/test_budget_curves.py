"""Best score so far over repeated studies, and where one arm overtakes another."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from support.present import present
from support.synthetic_run import RUNNING, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.statistics.budget_curves import (
    BestSoFarBand,
    BudgetPoint,
    Crossover,
    best_so_far,
    best_so_far_band,
    crossover,
    repeated_searches,
    search_curve,
)


def curve(*points: tuple[float, float | None]) -> list[BudgetPoint]:
    return [BudgetPoint(kimg, score) for kimg, score in points]


def test_median_and_range_worked_out_by_hand() -> None:
    studies = [
        curve((10, None), (30, 8.0), (60, 4.0)),
        curve((20, 9.0), (40, 5.0), (80, 1.0)),
        curve((20, 7.0), (50, 7.0), (70, 6.0)),
    ]
    assert best_so_far_band(studies) == BestSoFarBand(
        num_studies=3,
        spent_kimg=(10, 20, 30, 40, 50, 60),
        median=(None, 9.0, 8.0, 7.0, 7.0, 5.0),
        lowest=(None, 7.0, 7.0, 5.0, 5.0, 4.0),
        highest=(None, None, 9.0, 8.0, 8.0, 7.0),
    )


def test_between_two_studies_the_median_is_their_mean() -> None:
    band = best_so_far_band([curve((10, 4.0), (20, 2.0)), curve((15, 8.0), (25, 1.0))])
    assert band.spent_kimg == (10, 15, 20)
    assert band.median == (None, 6.0, 5.0)
    assert band.median_curve == (BudgetPoint(10, None), BudgetPoint(15, 6.0), BudgetPoint(20, 5.0))


def test_a_band_equals_the_scores_of_the_trials_paid_for() -> None:
    rng = np.random.default_rng(0)
    studies = [[(float(rng.choice([10, 20, 40])), float(rng.lognormal(3, 1))) for _ in range(30)] for _ in range(5)]
    band = best_so_far_band([best_so_far(trials) for trials in studies])
    assert band.spent_kimg[-1] == min(sum(kimg for kimg, _ in trials) for trials in studies)
    for kimg, middle, lowest, highest in zip(band.spent_kimg, band.median, band.lowest, band.highest, strict=True):
        bests = []
        for trials in studies:
            paid = np.cumsum([cost for cost, _ in trials])
            bests.append(min((s for (_, s), at in zip(trials, paid, strict=True) if at <= kimg), default=None))
        found = [best for best in bests if best is not None]
        if len(found) == len(bests):
            assert (middle, lowest, highest) == (median(found), min(found), max(found))


def test_a_study_without_trials_leaves_nothing_in_common() -> None:
    assert best_so_far_band([curve((10, 4.0)), []]) == BestSoFarBand(2, (), (), (), ())


def test_the_last_change_of_the_lead_is_the_crossover() -> None:
    fast = curve((10, 20.0), (20, 9.0), (60, 7.0), (100, 6.5))
    slow = curve((15, 12.0), (40, 8.0), (70, 7.0), (80, 5.0), (200, 1.0))
    # At 15 slow leads (12 < 20), at 20 fast, at 40 slow, at 60 fast; at 70 they tie; at 80 slow leads for good.
    assert crossover("fast", fast, "slow", slow) == Crossover("fast", "slow", 80, num_changes=4)
    assert crossover("slow", slow, "fast", fast) == Crossover("fast", "slow", 80, num_changes=4)


@pytest.mark.parametrize(
    "other",
    [
        curve((10, 5.0), (100, 4.0)),  # leads all along
        curve((30, None), (100, 4.0)),  # has a score only at the end, then leads
        curve((10, 20.0), (60, 7.0), (100, 7.0)),  # ties at most
        curve((10, None), (100, None)),  # never has a score
        curve((10, 30.0), (30, 8.0)),  # ends before it overtakes
        [],
    ],
)
def test_without_a_change_of_the_lead_there_is_no_crossover(other: list[BudgetPoint]) -> None:
    assert crossover("a", curve((10, 20.0), (20, 7.0), (100, 7.0)), "b", other) is None


def test_a_search_is_followed_in_the_order_its_trials_began(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    points = ((40, 14.0), (50, 14.0), (90, 9.0), (110, 9.0), (150, 9.0))
    assert search_curve(run, "lsgan") == tuple(BudgetPoint(float(kimg), score) for kimg, score in points)
    first = run.trials_of_arm("lsgan", "search")[0]
    running = replace(first, status=first.status.model_copy(update={"state": RUNNING, "end_time": None}))
    changed = replace(run, trials=tuple(running if t is first else t for t in run.trials))
    without_first = ((10, 35.0), (50, 9.0), (70, 9.0), (110, 9.0), (150, 9.0))
    assert search_curve(changed, "lsgan") == tuple(BudgetPoint(float(kimg), score) for kimg, score in without_first)


def test_repeats_are_told_apart(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    assert repeated_searches(run, "lsgan") is None
    study = run.study.model_copy(update={"search": run.study.search.model_copy(update={"repeats": 2})})
    second = [
        replace(t, config=t.config.model_copy(update={"repeat": 1})) for t in run.trials_of_arm("lsgan", "search")[:2]
    ]
    others = run.trials_of_arm("lsgan", "search")[2:]
    changed = replace(run, study=study, trials=(*second, *others))
    assert search_curve(changed, "lsgan", 1) == (BudgetPoint(40.0, 14.0), BudgetPoint(50.0, 14.0))
    assert search_curve(changed, "lsgan", 0)[0] == BudgetPoint(40.0, 9.0)
    # A refinement is of all repeats together, hence in the curve of none.
    refined = replace(others[0], config=others[0].config.model_copy(update={"phase": "refine"}))
    with_refined = replace(changed, trials=(*changed.trials, refined))
    assert search_curve(with_refined, "lsgan", 0) == search_curve(changed, "lsgan", 0)
    assert len(search_curve(with_refined, "lsgan")) == len(search_curve(changed, "lsgan")) + 1
    assert repeated_searches(changed, "lsgan") == BestSoFarBand(2, (40.0, 50.0), (11.5, 11.5), (9.0, 9.0), (14.0, 14.0))


def looked_up(curve: Sequence[BudgetPoint], kimg: float) -> float | None:
    """Best score at a budget, by a look at all of the curve."""
    return min((p.best_score for p in curve if p.spent_kimg <= kimg and p.best_score is not None), default=None)


def test_long_searches_are_compared_in_one_pass() -> None:
    """Ten arms of 4,000 trials make 45 pairs; a look at all trials for each budget took seconds for one pair."""
    rng = np.random.default_rng(0)
    trials = [(rng.integers(1, 9, 4000).tolist(), (100 - 99 * rng.random(4000) ** 0.1).tolist()) for _ in range(2)]
    first, second = (best_so_far(list(zip(*each, strict=True))) for each in trials)
    start = time.process_time()
    found = crossover("first", first, "second", second)
    band = best_so_far_band([first, second])
    assert time.process_time() - start < 0.5
    for index in range(0, len(band.spent_kimg), 300):
        values = [looked_up(each, band.spent_kimg[index]) for each in (first, second)]
        known = [value for value in values if value is not None]
        assert band.lowest[index] == min(known, default=None)
        assert band.highest[index] == (max(known) if len(known) == 2 else None)
    assert found is not None
    at = band.spent_kimg.index(found.spent_kimg)
    before, after = ([present(looked_up(each, band.spent_kimg[i])) for each in (first, second)] for i in (at - 1, at))
    assert np.argmin(before) != np.argmin(after)
