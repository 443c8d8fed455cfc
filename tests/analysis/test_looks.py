"""A confirmation that goes on until it is decided: its level over all looks, and its words."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.present import present
from support.synthetic_run import COMPLETED, DIVERGED, RUNNING, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.looks import passed_looks, wanted_seeds
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.detectable_difference import seeds_rows, seeds_warning
from gan_study.analysis.statistics.rank_test import holm, mann_whitney_p
from gan_study.analysis.statistics.spending import level_shares
from gan_study.analysis.summary import Summary, summarise
from gan_study.config.study import ConfirmConfig, StudyConfig

NUM_STUDIES = 10_000
Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return rng.normal(size=shape)


def some_failed(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Three in ten seeds fail, and all of these count with the same failure score."""
    return np.where(rng.random(shape) < 0.3, 9.0, rng.normal(size=shape))


def few_values(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return rng.integers(0, 3, size=shape).astype(np.float64)


def false_wins(scores: NDArray[np.float64], looks: tuple[int, ...], shares: tuple[float, ...]) -> float:
    """The share of studies in which any look tells any two arms apart; scores: studies x arms x seeds."""
    wins = 0
    for arms in scores:
        wins += any(
            min(holm([mann_whitney_p(a[:n], b[:n]) / share for a, b in combinations(arms, 2)])) < 0.05
            for n, share in zip(looks, shares, strict=True)
        )
    return wins / len(scores)


@pytest.mark.parametrize(
    ("draw", "num_arms", "looks"),
    [
        (normal, 2, (5, 10, 15, 20)),
        (some_failed, 2, (5, 10, 15, 20)),
        (few_values, 2, (4, 8, 12, 14)),
        (normal, 3, (6, 12, 18)),
        (some_failed, 3, (4, 8, 12)),
    ],
)
def test_equal_arms_win_in_at_most_5_percent_of_studies(draw: Draw, num_arms: int, looks: tuple[int, ...]) -> None:
    scores = draw(np.random.default_rng(0), (NUM_STUDIES, num_arms, looks[-1]))
    assert false_wins(scores, looks, level_shares(looks)) <= 0.05


def test_looks_that_spend_the_whole_level_each_exceed_it() -> None:
    """The test above could not fail if this one did not pass."""
    scores = normal(np.random.default_rng(0), (2000, 2, 20))
    assert false_wins(scores, (5, 10, 15, 20), (1.0,) * 4) > 0.08


def test_each_look_spends_its_part_of_the_seeds() -> None:
    assert level_shares((5,)) == (1.0,)
    assert level_shares((5, 10, 15, 20)) == (0.25,) * 4
    assert level_shares((4, 8, 10)) == pytest.approx((0.4, 0.4, 0.2))


@pytest.mark.parametrize(
    ("seeds", "most", "looks"), [(5, 20, (5, 10, 15, 20)), (5, 12, (5, 10, 12)), (5, 5, (5,)), (3, 4, (3, 4))]
)
def test_looks_are_at_multiples_of_the_first(seeds: int, most: int, looks: tuple[int, ...]) -> None:
    assert ConfirmConfig.model_validate({"seeds": seeds, "until_decided": {"max_seeds": most}}).looks == looks
    assert ConfirmConfig(seeds=seeds).looks == (seeds,)


def study(num_arms: int = 2, seeds: int = 5, most: int = 20) -> dict[str, Any]:
    arms = [*STUDY["arms"].items(), ("dcgan", {"network": "dcgan", "loss": "non_saturating"})][:num_arms]
    return {**STUDY, "arms": dict(arms), "confirm": {"seeds": seeds, "until_decided": {"max_seeds": most}}}


def run_with(place: Path, scores: dict[str, list[float]], **changes: Any) -> RunData:
    confirm = {arm: [Outcome(COMPLETED, float(score)) for score in found] for arm, found in scores.items()}
    changes = {"study": study(len(scores)), "confirm": confirm} | changes
    return load_run(write_synthetic_run(str(place), **changes))


OVERLAPPING = [[10.0, 13.0, 14.0, 17.0, 18.0], [11.0, 12.0, 15.0, 16.0, 19.0]]
APART = [[1.0, 2.0, 3.0, 4.0, 5.0], [31.0, 32.0, 33.0, 34.0, 35.0]]


def test_the_first_look_may_decide(tmp_path: Path) -> None:
    run = run_with(tmp_path, {"lsgan": APART[0], "wgan": APART[1]})
    (look,) = passed_looks(run)
    # 2 / 252, divided by the quarter of the level that this look may spend.
    assert (look.seeds, look.leader) == (5, "lsgan")
    assert look.p == pytest.approx(2 / 252 / 0.25)
    assert look.is_decided
    assert look.is_last
    assert wanted_seeds(run) == 5
    summary = summarise(run)
    assert summary.winner == "lsgan"
    assert "in 100 % of seed pairs (5 seeds each, p = 0.032)" in summary.verdict
    assert "p values and intervals are corrected for all planned looks" in summary.small_print
    assert summary.notes[0] == (
        "Confirmation took 5 of at most 20 seeds of each arm. The arms were tested at 5 seeds (p = 0.032). The last "
        "look decided."
    )
    assert Summary.from_json(summary.to_json()).looks == (look,)


def test_a_later_look_knows_all_seeds_up_to_it(tmp_path: Path) -> None:
    scores = {"lsgan": OVERLAPPING[0] + APART[0], "wgan": OVERLAPPING[1] + APART[1]}
    run = run_with(tmp_path, scores)
    first, second = passed_looks(run)
    p = [4 * mann_whitney_p(scores["lsgan"][:n], scores["wgan"][:n]) for n in (5, 10)]
    assert (first.seeds, first.p, first.is_decided, first.is_last) == (5, 1.0, False, False)
    assert (second.seeds, second.is_decided, second.is_last) == (10, True, True)
    assert second.p == pytest.approx(p[1])
    assert (
        "10 of at most 20 seeds of each arm. The arms were tested at 5 seeds (p = 1.000) and 10 seeds"
        in (summarise(run).notes[0])
    )


def test_a_look_waits_for_all_its_seeds(tmp_path: Path) -> None:
    scores = {"lsgan": OVERLAPPING[0] + APART[0], "wgan": OVERLAPPING[1] + APART[1][:4]}
    run = run_with(tmp_path, scores, state="running")
    assert [look.seeds for look in passed_looks(run)] == [5]
    assert wanted_seeds(run) == 10
    summary = summarise(run)
    assert summary.winner is None
    assert summary.notes[0] == (
        "So far the arms were tested at 5 seeds (p = 1.000). The next look waits for 10 seeds of each arm, of at most "
        "20."
    )


def test_seeds_after_the_deciding_look_do_not_count(tmp_path: Path) -> None:
    run = run_with(tmp_path, {"lsgan": APART[0] + [99.0, 98.0], "wgan": APART[1]})
    assert len(passed_looks(run)) == 1
    found = confirmed_arms(run)
    assert (len(found["lsgan"].trials), len(found["lsgan"].after_last_look), len(found["wgan"].trials)) == (5, 2, 5)
    assert summarise(run).winner == "lsgan"


def test_the_last_look_ends_without_a_decision(tmp_path: Path) -> None:
    scores = {"lsgan": 2 * OVERLAPPING[0], "wgan": 2 * OVERLAPPING[1]}
    run = run_with(tmp_path, scores, study=study(most=10))
    assert [(look.is_decided, look.is_last) for look in passed_looks(run)] == [(False, False), (False, True)]
    assert wanted_seeds(run) == 10
    assert summarise(run).notes[0].startswith("Confirmation took all 10 seeds of each arm.")
    assert "None of these looks decided." in summarise(run).notes[0]


def test_three_arms_are_decided_when_the_leader_beats_both(tmp_path: Path) -> None:
    """Holm's correction over three pairs comes on top: 5 seeds each cannot reach it."""
    near, far = [x + 0.5 for x in range(5, 10)], [float(x) for x in range(50, 60)]
    scores = {"lsgan": [*range(10)], "wgan": near + far[5:], "dcgan": far}
    search = {arm: (Outcome(COMPLETED, 9.0),) for arm in scores}
    run = run_with(tmp_path, {arm: [float(x) for x in found] for arm, found in scores.items()}, search=search)
    first, second = passed_looks(run)
    assert not first.is_decided
    against = [mann_whitney_p(scores["lsgan"], scores[arm]) for arm in ("wgan", "dcgan")]
    others = mann_whitney_p(scores["wgan"], scores["dcgan"])
    corrected = holm([4 * against[0], 4 * against[1], 4 * others])
    assert second.p == pytest.approx(max(corrected[:2]))
    assert second.is_decided


def test_an_arm_without_a_configuration_to_confirm_ends_the_looks(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(COMPLETED, 9.0),), "wgan": (Outcome(DIVERGED, None, kimg=10),)}
    confirm = {"lsgan": [Outcome(COMPLETED, 9.0 + n) for n in range(5)]}
    run = load_run(write_synthetic_run(str(tmp_path), study=study(), search=search, confirm=confirm))
    (look,) = passed_looks(run)
    assert (look.leader, look.p, look.is_last, wanted_seeds(run)) == (None, None, True, 5)
    assert "because there are no two arms to test" in summarise(run).notes[0]


def test_a_study_with_one_look_has_no_looks_to_report(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    assert passed_looks(run) == ()
    assert summarise(run).comparison.level_share == 1
    assert "looks" not in "".join([summarise(run).small_print, *summarise(run).notes])


def test_an_unfinished_seed_holds_a_look_back(tmp_path: Path) -> None:
    confirm = {
        "lsgan": [Outcome(COMPLETED, 9.0 + n) for n in range(5)],
        "wgan": [*(Outcome(COMPLETED, 19.0 + n) for n in range(4)), Outcome(RUNNING, None, kimg=20)],
    }
    run = load_run(write_synthetic_run(str(tmp_path), study=study(), confirm=confirm, state="running"))
    assert passed_looks(run) == ()
    assert summarise(run).notes[0] == "The next look waits for 5 seeds of each arm, of at most 20."


def test_the_plan_names_the_looks_and_what_they_can_reach() -> None:
    config = StudyConfig.model_validate(study())
    rows = dict(seeds_rows(config, None, ""))
    assert (
        "at most 20 seeds of each arm are compared (exact two-sided Mann-Whitney test), tested at 5, 10, 15 and 20 "
        in (rows["test"])
    )
    assert "with a level of 5 % for all these looks together" in rows["test"]
    fixed = dict(seeds_rows(StudyConfig.model_validate({**STUDY, "confirm": {"seeds": 20}}), None, ""))["detects"]
    percents = [int(text.split("better in ")[1].split(" %")[0]) for text in (rows["detects"], fixed)]
    # Testing four times costs a little power.
    assert percents[1] < percents[0] <= percents[1] + 5
    assert seeds_warning(config) is None
    few = StudyConfig.model_validate(study(seeds=1, most=3))
    assert "with 2 arms and 3 seeds each, the smallest p value is 0.300" in present(seeds_warning(few))
