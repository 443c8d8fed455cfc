"""A search of thousands of trials: figures draw an even part of them, tables end, and both say so."""

from dataclasses import replace
from itertools import pairwise

import pytest
from support.synthetic_run import write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData, TrialData, best_first
from gan_study.analysis.summary import summarise
from gan_study.report.figures.drawn_trials import MOST_DRAWN, thin_run, thinned_note
from gan_study.report.page import render_page
from gan_study.report.pictures.page_pictures import load_pictures, shown_trials
from gan_study.report.tables.trial_tables import failure_table, leaderboard
from gan_study.report.tables.trials_csv import trials_csv
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState

NUM = 625
ENDS = (TrialState.COMPLETED, TrialState.STOPPED, TrialState.COMPLETED, TrialState.COMPLETED, TrialState.DIVERGED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return write_synthetic_run(str(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def large(folder: RunFolder) -> RunData:
    """A run in which the search of lsgan has 625 trials, a fifth of them diverged."""
    run = load_run(folder)
    source = run.trials_of_arm("lsgan", "search")[0]
    searched = tuple(trial(source, number) for number in range(NUM))
    return replace(run, trials=(*searched, *(t for t in run.trials if t not in run.trials_of_arm("lsgan", "search"))))


def trial(source: TrialData, number: int) -> TrialData:
    state = ENDS[number % len(ENDS)]
    score = 10 + number * 7919 % NUM
    evaluations = tuple(
        each.model_copy(update={"score": None if state is TrialState.DIVERGED else score, "best": None})
        for each in source.evaluations
    )
    config = source.config.model_copy(update={"index": number, "name": f"search_{number:03d}"})
    return replace(
        source, config=config, status=source.status.model_copy(update={"state": state}), evaluations=evaluations
    )


def rendered(run: RunData, folder: RunFolder) -> str:
    return render_page(run, summarise(run), load_pictures(run, folder, shown_trials(run)))


def test_an_even_part_in_the_order_of_scores_is_drawn(large: RunData) -> None:
    drawn = thin_run(large)
    ranked = [t.name for t in best_first(large.searched_trials("lsgan"))]
    places = [ranked.index(t.name) for t in best_first(drawn.searched_trials("lsgan"))]
    assert len(places) == MOST_DRAWN
    assert places[0] == 0
    assert {after - before for before, after in pairwise(places)} == {1, 2}
    states = [t.state for t in drawn.searched_trials("lsgan")]
    assert states.count(TrialState.DIVERGED) == MOST_DRAWN / 5
    assert drawn.searched_trials("wgan") == large.searched_trials("wgan")
    assert drawn.trials_of_arm("lsgan", "confirm") == large.trials_of_arm("lsgan", "confirm")
    assert thinned_note(large, drawn) == (
        "Of an arm with more than 500 search trials (here up to 625), 500 are drawn, evenly spaced in the order of "
        "their scores; trials.csv holds all."
    )


def test_a_small_search_is_drawn_whole(folder: RunFolder) -> None:
    run = load_run(folder)
    assert thin_run(run) == run
    assert thinned_note(run, thin_run(run)) == ""


def test_tables_end_with_a_count_of_what_is_left_out(large: RunData) -> None:
    board = leaderboard(large, "lsgan")
    assert (len(board.rows), board.num_left_out) == (500, NUM - 500)
    assert board.rows[0][0] == best_first(large.searched_trials("lsgan"))[0].name
    assert leaderboard(large, "wgan").num_left_out == 0
    assert failure_table(large).num_left_out == 0
    assert trials_csv(large).count("\nlsgan,search_") == NUM


def test_the_page_says_what_it_leaves_out(large: RunData, folder: RunFolder) -> None:
    page = rendered(large, folder)
    assert page.count("The table ends after 500 of 625 trials; trials.csv holds all.") == 1
    assert page.count("</strong> ") > 5
    captions = [part.split("</figcaption>")[0] for part in page.split("<figcaption>")[1:]]
    noted = [c.split("</strong>")[0] for c in captions if "500 are drawn" in c]
    assert "<strong>Search trials." in noted
    assert "<strong>The search of lsgan." in noted
    assert "<strong>Best score so far." not in noted
