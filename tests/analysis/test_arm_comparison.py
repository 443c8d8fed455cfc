"""All statistics of a run in one call, on a run folder whose numbers are worked out by hand."""

import json
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from support.present import present
from support.synthetic_run import ALL_FAILED, COMPLETED, DIVERGED, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.arm_comparison import ArmsComparison, compare_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.statistics.budget_curves import Crossover
from gan_study.analysis.statistics.improvement import further_seeds, probability_of_improvement
from gan_study.analysis.statistics.random_search import expected_best
from gan_study.analysis.statistics.seed_scores import describe_seeds


@pytest.fixture(autouse=True)
def _quick_run_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    # Drawing images, at which no statistic looks, would take most of the time.
    monkeypatch.setattr("support.synthetic_run.draw_samples", lambda *_: b"")


def compared(tmp_path: Path, **changes: Any) -> ArmsComparison:
    return compare_arms(load_run(write_synthetic_run(str(tmp_path), **changes)))


def seeds(*scores: float | None) -> tuple[Outcome, ...]:
    return tuple(Outcome(COMPLETED if s is not None else DIVERGED, s) for s in scores)


def test_two_arms_that_are_told_apart(tmp_path: Path) -> None:
    found = compared(tmp_path)
    assert [arm.arm for arm in found.arms] == ["lsgan", "wgan"]
    assert found.leader == "lsgan"
    (pair,) = found.pairs
    assert (pair.test.a, pair.test.b) == ("lsgan", "wgan")
    assert pair.test.p_holm == pytest.approx(2 / 252)
    assert (present(pair.probability_lower).value, pair.words, pair.further_seeds) == (1.0, "distinguishable", None)
    assert found.crossovers == ()


def test_the_confirmed_seeds_of_an_arm(tmp_path: Path) -> None:
    wgan = present(compared(tmp_path).arms[1].confirmed)
    mean, optimism = present(wgan.counted.mean), present(wgan.optimism)
    assert wgan.source == "search_003"
    assert wgan.counted == describe_seeds([17.0, 16.5, 19.0, 18.0, 120.0])
    assert present(wgan.successful.scores).strata == ((17.0, 16.5, 19.0, 18.0),)
    assert present(wgan.successful.failures.share).value == 0.2
    assert optimism.value == pytest.approx(38.1 - 16.0)
    assert optimism.high - optimism.low == pytest.approx(mean.high - mean.low)


def test_the_search_of_an_arm(tmp_path: Path) -> None:
    lsgan = compared(tmp_path).arms[0].search
    assert (lsgan.failures.num_failed, lsgan.failures.num_ended) == (1, 5)
    assert [(p.spent_kimg, p.best_score) for p in lsgan.best_so_far[:2]] == [(40, 14.0), (50, 14.0)]
    # tpe and asha are the study's sampler and scheduler.
    assert lsgan.expected_best == ()


@pytest.mark.parametrize(("first_trial", "drawn"), [("sampled", [14.0, 120.0, 9.0]), ("paper_defaults", [120.0, 9.0])])
def test_the_expected_best_counts_what_was_drawn_at_random(
    tmp_path: Path, first_trial: str, drawn: list[float]
) -> None:
    study = {**STUDY, "search": {"sampler": "random", "scheduler": "none", "first_trial": first_trial}}
    outcomes = (Outcome(COMPLETED, 14.0), Outcome(DIVERGED, None, kimg=20), Outcome(COMPLETED, 9.0))
    found = compared(tmp_path, study=study, search={"lsgan": outcomes, "wgan": outcomes})
    assert found.arms[0].search.expected_best == expected_best(drawn)
    assert found.arms[0].search.expected_best[0].expected == pytest.approx(fmean(drawn))


def test_stopped_trials_are_no_independent_draws(tmp_path: Path) -> None:
    study = {**STUDY, "search": {"sampler": "random", "scheduler": "asha"}}
    assert compared(tmp_path, study=study).arms[0].search.expected_best == ()


def test_what_is_not_distinguishable_says_how_many_seeds_would_decide(tmp_path: Path) -> None:
    found = compared(tmp_path, confirm={"lsgan": seeds(1, 4, 5, 8, 9), "wgan": seeds(6, 3, 7, 10, None)})
    (pair,) = found.pairs
    # Of the 25 pairs wgan has the lower score in 8: 3 is below 4, 5, 8, 9; 6 and 7 are below 8 and 9.
    assert present(pair.probability_lower).value == pytest.approx(17 / 25)
    assert pair.words == "not distinguishable"
    assert pair.further_seeds == further_seeds(17 / 25, 5, 5, significance=0.05)


def test_a_leader_that_the_study_names_second_is_seen_from_its_side(tmp_path: Path) -> None:
    lsgan, wgan = (6.0, 3.0, 7.0, 10.0, 12.0), (1.0, 4.0, 5.0, 8.0, 9.0)
    found = compared(tmp_path, confirm={"lsgan": seeds(*lsgan), "wgan": seeds(*wgan)})
    (pair,) = found.leader_pairs
    assert (found.leader, pair.test.a, pair.test.b) == ("wgan", "wgan", "lsgan")
    expected = probability_of_improvement(wgan, lsgan)
    seen = present(pair.probability_lower)
    assert (seen.value, seen.low, seen.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert pair.test.probability_lower == pytest.approx(expected.value)


def test_three_arms_are_held_against_the_strictest_step_of_holm(tmp_path: Path) -> None:
    arms = {**STUDY["arms"], "hinge": {"network": "dcgan", "loss": "hinge"}}
    search = {arm: (Outcome(COMPLETED, 9.0),) for arm in arms}
    confirm = {
        "lsgan": seeds(9, 10, 11, 12, 13),
        "wgan": seeds(16, 10.5, 17, 18, 19),
        "hinge": seeds(29, 30, 31, 32, 33),
    }
    found = compared(tmp_path, study={**STUDY, "arms": arms}, search=search, confirm=confirm)
    assert [(p.test.a, p.test.b) for p in found.pairs] == [("lsgan", "wgan"), ("lsgan", "hinge"), ("wgan", "hinge")]
    assert [p.words for p in found.pairs] == ["not distinguishable", "distinguishable", "distinguishable"]
    assert found.pairs[0].further_seeds == further_seeds(22 / 25, 5, 5, significance=0.05 / 3)


def test_an_arm_that_overtakes_is_named_with_its_budget(tmp_path: Path) -> None:
    search = {
        "lsgan": (Outcome(COMPLETED, 20.0), Outcome(COMPLETED, 19.0), Outcome(COMPLETED, 5.0)),
        "wgan": (Outcome(COMPLETED, 10.0), Outcome(COMPLETED, 9.0), Outcome(COMPLETED, 8.0)),
    }
    assert compared(tmp_path, search=search).crossovers == (Crossover("wgan", "lsgan", 120.0, 1),)


def test_collapsed_seeds_are_failures(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    found = compare_arms(run, collapsed={("lsgan", "confirm_002_seed_0"), ("lsgan", "search_000")}).arms[0]
    assert found.search.failures.num_failed == 2
    assert present(found.confirmed).successful.failures.num_failed == 1
    assert present(found.confirmed).counted.num == 5


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"search": ALL_FAILED, "confirm": {}},
        {"objective": None},
        {"confirm": {"lsgan": seeds(9, 10)}},
        {"search": {}, "confirm": {}},
    ],
)
def test_any_run_has_a_comparison_that_json_can_hold(tmp_path: Path, changes: dict[str, Any]) -> None:
    found = compared(tmp_path, **changes)
    json.dumps(asdict(found), allow_nan=False)
    assert len(found.arms) == 2
    assert (found.leader is None) == bool(changes)
