"""Arms that are defined alike in several studies: no arm wins over itself, and it is said what a difference between two
searches of one arm is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.compared_runs import SECOND, SECOND_SEARCH, changed, write_second_run
from support.parsed_page import ParsedPage
from support.present import present
from support.synthetic_run import COMPLETED, STUDY, Outcome, write_synthetic_run

from gan_study.analysis.arm_comparison import PairStatistics
from gan_study.analysis.comparison.same_arms import same_arms
from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.statistics.rank_test import holm
from gan_study.report.comparison.comparison_page import compare_studies, render_comparison

HINGE, LSGAN = SECOND["arms"]["hinge"], SECOND["arms"]["lsgan"]
OTHER_SEARCH = tuple(Outcome(COMPLETED, score) for score in (9.0, 8.5, 7.5, 20.0, 13.5))
"""Its best trial is another than that of `SECOND_SEARCH`, so its confirmed trainings are others."""


Arm = tuple[dict[str, Any], tuple[Outcome, ...], tuple[Outcome, ...]]
"""The definition of an arm, with the outcomes of its search and its confirmation."""


def seeds(*scores: float) -> tuple[Outcome, ...]:
    return tuple(Outcome(COMPLETED, score) for score in scores)


@pytest.fixture
def studies(tmp_path: Path) -> Callable[..., SideBySide]:
    """Writes studies of the given names with the arms that they are given, each (definition, search, confirmed)."""

    def write(**named: dict[str, Arm]) -> SideBySide:
        folders = []
        for name, arms in named.items():
            study = {**SECOND, "name": name, "arms": {arm: each[0] for arm, each in arms.items()}}
            search = {arm: each[1] for arm, each in arms.items()}
            confirm = {arm: each[2] for arm, each in arms.items()}
            folders.append(write_second_run(str(tmp_path / name), study=study, search=search, confirm=confirm))
        return compare_studies(folders)

    return write


LUCKY = (HINGE, SECOND_SEARCH["hinge"], seeds(5.5, 5.2, 6.0, 5.9, 5.7))
UNLUCKY = (HINGE, OTHER_SEARCH, seeds(7.5, 7.2, 8.0, 7.9, 7.7))
BASELINE = (LSGAN, SECOND_SEARCH["lsgan"], seeds(12.5, 13.0, 12.2, 12.8, 12.9))


def pairs_of(found: SideBySide) -> dict[tuple[str, str], PairStatistics]:
    return {(pair.test.a, pair.test.b): pair for pair in found.pairs}


def test_copies_leave_all_p_values_as_without_them(studies: Callable[..., SideBySide]) -> None:
    other = (HINGE, OTHER_SEARCH, seeds(5.6, 7.2, 8.0, 7.9, 7.7))
    alone = studies(one={"hinge": LUCKY, "lsgan": BASELINE}, two={"again": other})
    copied = studies(first={"hinge": LUCKY, "lsgan": BASELINE}, second={"again": other, "lsgan": BASELINE})
    named = {"hinge": "hinge", "lsgan": "first/lsgan", "again": "again"}
    before, after = pairs_of(alone), pairs_of(copied)
    assert len(before) == 3
    assert len(after) == 6
    for (a, b), pair in before.items():
        same = after[named[a], named[b]]
        assert (same.test.p, same.test.p_holm) == (pair.test.p, pair.test.p_holm)
        assert (same.probability_lower, same.further_seeds) == (pair.probability_lower, pair.further_seeds)
    # Two of 2 / 252 and one of 14 / 252, over three tests and not five.
    assert sorted(present(p.test.p_holm) for p in before.values()) == pytest.approx(holm([2 / 252, 2 / 252, 14 / 252]))


def test_a_copy_has_the_numbers_of_its_original_whatever_it_scored_itself(studies: Callable[..., SideBySide]) -> None:
    retrained = (LSGAN, SECOND_SEARCH["lsgan"], seeds(5.0, 5.1, 5.3, 5.4, 13.0))
    found = pairs_of(studies(a={"hinge": LUCKY, "lsgan": BASELINE}, b={"lsgan": retrained}))
    original, copy = found["hinge", "a/lsgan"], found["hinge", "b/lsgan"]
    assert copy.test.counted_as == ("hinge", "a/lsgan")
    assert (copy.test.p_holm, copy.test.probability_lower) == (original.test.p_holm, 1.0)
    assert copy.probability_lower == original.probability_lower
    assert copy.words == "distinguishable; counted once, as hinge v a/lsgan"
    # A single test is not corrected, and is not called so.
    assert copy.test.p_holm == copy.test.p


def test_a_copy_does_not_change_who_leads(studies: Callable[..., SideBySide]) -> None:
    # Means of 0.44 and 1, of 0.56 and 0.84: were the copy a further arm, the second would lead.
    first = (HINGE, SECOND_SEARCH["hinge"], seeds(1.0, 2.0, 3.0, 20.0, 21.0))
    middle = (LSGAN, SECOND_SEARCH["lsgan"], seeds(2.5, 3.5, 4.5, 5.5, 6.5))
    last = ({**HINGE, "beta2": 0.9}, SECOND_SEARCH["hinge"], seeds(15.0, 16.0, 22.0, 23.0, 24.0))
    alone = studies(a={"middle": middle, "first": first}, b={"last": last})
    twice = studies(c={"middle": middle, "first": first}, d={"last": last, "first": first})
    assert alone.standing == ("middle", "first", "last")
    assert twice.standing == ("middle", "c/first", "d/first", "last")


def test_an_arm_does_not_win_over_itself_alone(studies: Callable[..., SideBySide]) -> None:
    found = studies(a={"hinge": LUCKY}, b={"hinge": UNLUCKY})
    (pair,) = found.pairs
    assert pair.test.is_distinguishable
    assert pair.words == "distinguishable, as two searches of one arm"
    assert found.summary.winner is None
    assert found.summary.verdict == (
        "a/hinge leads, but there is no other arm to test it against. b/hinge is the same arm in another study: "
        "a/hinge scored better than it in 100 % of seed pairs (p = 0.008), which is a difference between two "
        "searches and not part of the verdict."
    )


def test_an_arm_that_is_better_than_another_search_of_itself_alone_does_not_win(
    studies: Callable[..., SideBySide],
) -> None:
    level = (LSGAN, SECOND_SEARCH["lsgan"], seeds(5.3, 5.8, 5.65, 6.1, 5.95))
    found = studies(a={"hinge": LUCKY, "lsgan": level}, b={"hinge": UNLUCKY})
    assert found.summary.winner is None
    assert found.summary.verdict.startswith("No clear winner. a/hinge scored better than lsgan in ")
    assert ". b/hinge is the same arm in another study: " in found.summary.verdict


def test_the_verdict_is_over_the_other_arms(studies: Callable[..., SideBySide]) -> None:
    # Were the same arm asked too, the winner would not be one: it is not better than its other search.
    level = (HINGE, OTHER_SEARCH, seeds(5.3, 5.8, 5.65, 6.1, 5.95))
    found = studies(a={"hinge": LUCKY, "lsgan": BASELINE}, b={"hinge": level})
    assert found.summary.winner == "a/hinge"
    assert found.summary.verdict.startswith("a/hinge wins. It scored better than lsgan in ")
    assert " itself is " not in found.summary.verdict


def test_a_winner_whose_other_search_is_no_better_than_the_rest_is_told_so(studies: Callable[..., SideBySide]) -> None:
    poor = (HINGE, OTHER_SEARCH, seeds(12.6, 13.1, 12.3, 12.7, 12.0))
    found = studies(a={"hinge": LUCKY, "lsgan": BASELINE}, b={"hinge": poor})
    assert found.summary.winner == "a/hinge"
    assert found.summary.verdict.endswith(
        "not part of the verdict, though b/hinge itself is not clearly better than lsgan."
    )


def test_the_same_arm_is_told_on_the_page(studies: Callable[..., SideBySide]) -> None:
    found = studies(a={"hinge": LUCKY, "lsgan": BASELINE}, b={"hinge": UNLUCKY, "lsgan": BASELINE})
    html = render_comparison(found)
    head = html[: html.index('<dl class="facts">')]
    assert '<p class="notice">a/hinge and b/hinge are the same arm in different studies: ' in head
    # Of copies it is said that they are copies, which is more.
    assert "a/lsgan and b/lsgan are the same arm" not in html
    assert "Against other arms they count as one test, with the scores of a/lsgan." in head
    text = ParsedPage(html).text
    assert "distinguishable, as two searches of one arm" in text
    assert "a new search may find different ones" in " ".join(text.split())


def test_arms_are_the_same_by_what_their_trainings_come_to(tmp_path: Path) -> None:
    def run(name: str, study: dict[str, Any]) -> RunData:
        return load_run(write_synthetic_run(str(tmp_path / name), study={**study, "name": name}, search={}, confirm={}))

    base = run("base", STUDY)
    assert same_arms([base]) == ()
    # Said for all arms, or by each; with the paper's value left out or given; searched in another way.
    stated = {arm: {**values, "beta2": 0.999} for arm, values in STUDY["arms"].items()}
    everywhere = {**changed(STUDY, defaults__beta2=0.999)}
    assert same_arms([run("stated", {**STUDY, "arms": stated}), run("everywhere", everywhere)]) == (
        ("lsgan", "lsgan"),
        ("wgan", "wgan"),
    )
    assert same_arms([base, run("seed", changed(STUDY, search__seed=7))]) == (("lsgan", "lsgan"), ("wgan", "wgan"))
    narrower = {name: {"log_uniform": [1e-4, 2e-3]} for name in ("g_lr", "d_lr")}
    assert same_arms([base, run("narrower", {**STUDY, "search_space": narrower})]) == ()
    # It is the paper's value of the one and not of the other.
    assert same_arms([base, run("fixed", {**STUDY, "arms": stated})]) == (("lsgan", "lsgan"),)
