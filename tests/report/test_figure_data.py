"""The values that figures show, on the synthetic run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.both_scores_run import BEST, write_run_with_both_scores
from support.present import present
from support.synthetic_run import (
    ALL_FAILED,
    COMPLETED,
    DIVERGED,
    FAILED,
    REAL_SHARES,
    RUNNING,
    STOPPED,
    STUDY,
    UNTRAINED_SCORE,
    Outcome,
    many_classes,
    write_synthetic_run,
)

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.statistics.random_search import expected_best
from gan_study.report.figures.figure_data import (
    BestCurve,
    ConfirmedPoints,
    ExpectedBest,
    SlicePoint,
    best_curves,
    class_share_bars,
    confirmed_points,
    expected_bests,
    score_curves,
    slices,
)
from gan_study.report.pictures.page_pictures import shown_trials


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return load_run(write_synthetic_run(str(tmp_path_factory.mktemp("run"))))


@pytest.fixture
def failed_run(tmp_path: Path) -> RunData:
    return load_run(write_synthetic_run(str(tmp_path), search=ALL_FAILED, confirm={}, state="failed"))


@pytest.mark.parametrize("at", ["last", "best"])
def test_confirmed_points_by_the_evaluation_that_does_not_count(at: str, tmp_path: Path) -> None:
    run = load_run(write_run_with_both_scores(tmp_path, at))
    _, wgan = confirmed_points(list(confirmed_arms(run).values()), compare_arms(run))
    last, best = (17.0, 16.5, 19.0, 18.0), BEST["wgan"]
    counted, others = (last, best) if at == "last" else (best, last)
    assert wgan.scores == counted
    assert wgan.others == tuple((f"confirm_003_seed_{i}", score) for i, score in enumerate(others))
    assert wgan.other_at != at


def test_confirmed_points(run: RunData) -> None:
    comparison = compare_arms(run)
    lsgan, wgan = confirmed_points(list(confirmed_arms(run).values()), comparison)
    names, mean = tuple(f"confirm_002_seed_{i}" for i in range(5)), present(comparison.arms[0].confirmed).counted.mean
    assert lsgan == ConfirmedPoints("lsgan", names, (9.5, 10.0, 11.0, 10.5, 12.0), (), 9.0, mean)
    assert present(wgan.mean).value == pytest.approx(38.1)
    assert wgan.scores == (17.0, 16.5, 19.0, 18.0)
    assert wgan.failed == ("confirm_003_seed_4",)


def test_best_curves_count_every_trial(run: RunData) -> None:
    # kimg of lsgan's trials: 40, 10, 40, 20 (diverged), 40.
    assert best_curves(run) == (
        BestCurve("lsgan", (40, 50, 90, 110, 150), (14.0, 14.0, 9.0, 9.0, 9.0)),
        BestCurve("wgan", (40, 50, 60, 100, 140), (21.0, 21.0, 21.0, 16.0, 16.0)),
    )


def test_best_curves_follow_the_order_in_which_trials_began(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    first = folder.trial("lsgan", "search_000")
    (before, _) = best_curves(load_run(folder))
    first.write_status(present(first.read_status()).model_copy(update={"end_time": 4e9}))
    (curve, _) = best_curves(load_run(folder))
    assert curve == before


def random_search(tmp_path: Path, **search: Any) -> RunData:
    study = {**STUDY, "search": {"sampler": "random", "scheduler": "none", **search}}
    return load_run(write_synthetic_run(str(tmp_path), study=study))


def test_the_expected_best_is_that_of_the_drawn_trials(tmp_path: Path) -> None:
    found = expected_bests(compare_arms(random_search(tmp_path, first_trial="sampled")))
    # The diverged trial counts with the failure score, 120.
    assert found[0] == ExpectedBest("lsgan", expected_best([14.0, 35.0, 9.0, 120.0, 11.0]))
    assert [arm.arm for arm in found] == ["lsgan", "wgan"]


def test_a_search_that_is_not_of_independent_draws_has_no_expectation(run: RunData) -> None:
    assert expected_bests(compare_arms(run)) == ()


def test_what_an_interrupted_study_left_behind_is_unfinished(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(RUNNING, 30.0, kimg=10),)}
    run = load_run(write_synthetic_run(str(tmp_path), search=search, confirm={}, state="interrupted"))
    (curve,) = score_curves(run, "search")
    assert (curve.state, curve.state_text) == (RUNNING, "unfinished")


def test_score_curves(run: RunData) -> None:
    curves = {(c.arm, c.trial): c for c in score_curves(run, "search")}
    assert len(curves) == 10
    stopped = curves["lsgan", "search_001"]
    assert (stopped.state, stopped.kimg) == (STOPPED, (0, 10))
    assert stopped.scores == pytest.approx((UNTRAINED_SCORE, 35.0))
    diverged = curves["lsgan", "search_003"]
    # Its last evaluation has no score.
    assert (diverged.state, diverged.kimg) == (DIVERGED, (0, 10))
    assert {c.trial for c in score_curves(run, "confirm") if c.arm == "wgan"} == {
        f"confirm_003_seed_{i}" for i in range(5)
    }


def test_slices(run: RunData) -> None:
    found = {s.name: s for s in slices(run)}
    assert {name: s.scale for name, s in found.items()} == {
        "g_lr": "log",
        "beta1": "linear",
        "network.width": "category",
        "penalty_weight": "log",
    }
    assert found["network.width"].categories == ("16", "32", "64")
    # Only wgan searches its penalty weight.
    assert found["penalty_weight"].points == (
        SlicePoint("wgan", "search_000", COMPLETED, 0.1, 21.0),
        SlicePoint("wgan", "search_001", STOPPED, 1.0, 44.0),
        SlicePoint("wgan", "search_002", FAILED, 10.0, None),
        SlicePoint("wgan", "search_003", COMPLETED, 100.0, 16.0),
        SlicePoint("wgan", "search_004", COMPLETED, 1000.0, 18.0),
    )


def test_a_name_that_arms_search_differently_is_drawn_by_category(tmp_path: Path) -> None:
    arms = {**STUDY["arms"], "lsgan": {**STUDY["arms"]["lsgan"], "search_space": {"beta1": {"choice": [0.0, 0.5]}}}}
    run = load_run(write_synthetic_run(str(tmp_path), study={**STUDY, "arms": arms}))
    (beta1,) = (s for s in slices(run) if s.name == "beta1")
    assert beta1.scale == "category"
    assert beta1.categories[:2] == ("0.0", "0.5")
    assert {str(p.value) for p in beta1.points} <= set(beta1.categories)


def test_class_share_bars(run: RunData) -> None:
    bars = present(class_share_bars(run, shown_trials(run)))
    assert bars.real == REAL_SHARES
    assert [arm for arm, _ in bars.arms] == ["lsgan", "wgan"]
    assert bars.arms[0][1] == pytest.approx((0.1,) * 10)
    assert bars.arms[1][1][7] == 0
    assert bars.arms[1][1][0] == pytest.approx(1 / 9)


def test_many_classes_are_not_drawn_as_bars(run: RunData) -> None:
    objective = many_classes(10).model_copy(update={"class_names": tuple(map(str, range(101)))})
    assert class_share_bars(replace(run, objective=objective), shown_trials(run)) is None


def test_a_run_without_a_score_has_only_what_was_measured(failed_run: RunData) -> None:
    assert shown_trials(failed_run) == {}
    assert best_curves(failed_run) == ()
    assert class_share_bars(failed_run, {}) is None
    assert [(c.trial, c.kimg) for c in score_curves(failed_run, "search")] == [
        ("search_000", (0,)),
        ("search_001", (0,)),
        ("search_000", (0,)),
    ]
