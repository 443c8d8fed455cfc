"""Studies that hold the same trainings: told in words, not tested against each other, and no further tests."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.compared_runs import SECOND, SECOND_CONFIRM, SECOND_SEARCH, changed, write_second_run
from support.parsed_page import ParsedPage
from support.synthetic_run import SEARCH

from gan_study.analysis.comparison.side_by_side import SideBySide
from gan_study.report.comparison.comparison_page import compare_studies, render_comparison
from gan_study.runs.folder import RunFolder


@pytest.fixture(scope="module")
def run_twice(first: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> SideBySide:
    """The first study, and one that was run twice, the second time in another folder with data of another place."""
    folder = tmp_path_factory.mktemp("twice")
    dataset = {**SECOND["dataset"], "max_images": 100_000}
    again = changed(SECOND, name="again", dataset=dataset, objective__early_num_samples=500)
    again["budget"] = {**SECOND["budget"], "evaluate_every_kimg": 5}
    # Trained on another machine, scores are a little different.
    confirm = {
        arm: tuple(replace(o, score=o.score and o.score + 0.01) for o in SECOND_CONFIRM[arm]) for arm in SECOND_CONFIRM
    }
    return compare_studies(
        [first, write_second_run(str(folder / "a")), write_second_run(str(folder / "b"), study=again, confirm=confirm)]
    )


def test_the_same_trainings_are_not_tested_against_each_other(run_twice: SideBySide) -> None:
    pairs = {(p.test.a, p.test.b): p for p in run_twice.pairs}
    assert len(pairs) == 6 * 5 / 2
    not_tested = {names for names, pair in pairs.items() if not pair.test.is_tested}
    assert not_tested == {("hinge_study/hinge", "again/hinge"), ("hinge_study/lsgan", "again/lsgan")}
    for names in not_tested:
        test = pairs[names].test
        assert (test.num_same, test.p, test.p_holm, test.is_distinguishable) == (5, None, None, False)
        assert (pairs[names].probability_lower, pairs[names].further_seeds) == (None, None)
    # Holm's correction counts the tests of the four arms that are not copies.
    assert run_twice.summary.comparison.num_tests == 6
    assert pairs["hinge_study/hinge", "wgan"].test.p_holm == pytest.approx(6 * 2 / 252)
    assert pairs["again/hinge", "wgan"].test.p_holm == pytest.approx(6 * 2 / 252)


def test_the_same_trainings_are_told_in_words_and_win_once(run_twice: SideBySide) -> None:
    assert run_twice.summary.winner == "hinge_study/hinge"
    assert ", and than each other rival in 100 %. " in run_twice.summary.verdict
    assert ". again/lsgan has the same trainings as hinge_study/lsgan, and the two count as one" in (
        run_twice.summary.verdict
    )
    assert ". again/hinge is not tested against hinge_study/hinge, as 5 of its 5 seeds are the same trainings" in (
        run_twice.summary.verdict
    )
    html = render_comparison(run_twice)
    head = html[: html.index('<dl class="facts">')]
    words = (
        "hinge_study/hinge and again/hinge hold the same 5 confirmed trainings, and 5 in the search, by "
        "configuration and seed. They are one result and not two, so the two arms are not tested against each other, "
    )
    assert f'<p class="notice">{words}' in head
    assert "not tested: the same 5 trainings" in ParsedPage(html).text


def test_two_copies_of_one_training_decide_nothing(tmp_path: Path) -> None:
    one_arm = {**SECOND, "arms": {"hinge": SECOND["arms"]["hinge"]}}
    outcomes = {"search": {"hinge": SECOND_SEARCH["hinge"]}, "confirm": {"hinge": SECOND_CONFIRM["hinge"]}}
    found = compare_studies(
        [write_second_run(str(tmp_path / name), study={**one_arm, "name": name}, **outcomes) for name in ("a", "b")]
    )
    assert found.summary.verdict == (
        "a/hinge leads, but there is no other arm to test it against. b/hinge is not tested against a/hinge, as 5 of "
        "its 5 seeds are the same trainings."
    )
    assert found.summary.winner is None
    assert render_comparison(found)


def test_another_seed_or_another_value_is_another_training(compared: Callable[..., SideBySide]) -> None:
    assert compared(study=changed(SECOND, search__seed=1)).same_trainings == ()
    lsgan = {"network": "dcgan", "loss": "least_squares", "beta2": 0.9}
    search = {**SECOND_SEARCH, "lsgan": SEARCH["lsgan"]}
    same = compared(search=search)
    assert [(s.a, s.b, s.num_confirmed) for s in same.same_trainings] == [
        ("lsgan_vs_wgan/lsgan", "hinge_study/lsgan", 5)
    ]
    # The winner is another arm: with it, each of the two is compared as before.
    assert same.summary.winner == "hinge"
    assert [p.test.is_tested for p in same.pairs] == [True, True, True, False, True, True]
    other = compared(search=search, study={**SECOND, "arms": {**SECOND["arms"], "lsgan": lsgan}})
    assert other.same_trainings == ()


def test_trainings_that_are_partly_the_same_are_not_tested_either(compared: Callable[..., SideBySide]) -> None:
    search = {**SECOND_SEARCH, "lsgan": SEARCH["lsgan"]}
    confirm = {**SECOND_CONFIRM, "lsgan": SECOND_CONFIRM["lsgan"][:2]}
    found = compared(search=search, confirm=confirm)
    (same,) = found.same_trainings
    assert (same.num_confirmed, same.num_searched) == (2, 5)
    (pair,) = [p for p in found.pairs if not p.test.is_tested]
    assert pair.words == "not tested: the same 2 trainings"
