"""Both scores of the confirmed seeds side by side, and what the other choice would say."""

import json
from pathlib import Path
from statistics import fmean

import pytest
from support.both_scores_run import BEST, write_run_with_both_scores
from support.synthetic_run import write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.analysis.summary import Summary, summarise
from gan_study.report.tables.protocol import protocol_items
from gan_study.report.tables.result_tables import score_table
from gan_study.report.tables.trial_tables import confirmed_table, leaderboard
from gan_study.report.tables.trials_csv import trials_csv

LAST = {"lsgan": (9.5, 10.0, 11.0, 10.5, 12.0), "wgan": (17.0, 16.5, 19.0, 18.0)}
FAILURE = 120.0
MEAN_LAST = {"lsgan": fmean(LAST["lsgan"]), "wgan": fmean((*LAST["wgan"], FAILURE))}
MEAN_BEST = {"lsgan": fmean(BEST["lsgan"]), "wgan": fmean((*BEST["wgan"], FAILURE))}


@pytest.fixture(params=["last", "best"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> RunData:
    return load_run(write_run_with_both_scores(tmp_path, request.param))


def test_both_means(run: RunData) -> None:
    other = summarise(run).other_count
    assert other is not None
    assert other.at == {"last": "best", "best": "last"}[run.study.objective.at]
    assert other.mean_last == pytest.approx(MEAN_LAST)
    assert other.mean_best == pytest.approx(MEAN_BEST)


def test_what_counts_decides_and_the_other_is_told_beside_it(run: RunData) -> None:
    summary = summarise(run)
    sentence, text = summary.notes[0], json.loads(summary.to_json())
    if run.study.objective.at == "last":
        assert (summary.comparison.leader, summary.winner) == ("lsgan", "lsgan")
        assert sentence == (
            "What counts is each training's last evaluation (objective.at: last). By their best evaluations, scored "
            "again on fresh latents, the confirmed seeds score on average 9.4 instead of 10.6 (lsgan) and 27 instead "
            "of 38.1 (wgan). The best came before the last in 9 of 9 seeds. wgan leads by these, instead of lsgan, "
            "but is not distinguishable from lsgan."
        )
        counted = LAST
    else:
        # Four seeds of five are lower, and the diverged one is the highest: not enough to win.
        assert (summary.comparison.leader, summary.winner) == ("wgan", None)
        assert sentence.endswith("lsgan leads by these, instead of wgan, distinguishable from all others.")
        counted = BEST
    seeds = text["arms"]["wgan"]["confirmed"]["seeds"]
    assert [seed["score"] for seed in seeds] == [*counted["wgan"], None]
    assert [seed["score_last"] for seed in seeds] == [*LAST["wgan"], None]
    assert [seed["score_best"] for seed in seeds] == [*BEST["wgan"], None]
    assert [seed["best_nimg"] for seed in seeds] == [30_000] * 4 + [None]
    assert Summary.from_json(summary.to_json()) == summary


def test_tables_hold_both(run: RunData) -> None:
    at = run.study.objective.at
    table = score_table(run, summarise(run))
    last, best = (f"Confirmed FD, {each}{' (counts)' * (each == at)}" for each in ("last", "best"))
    assert table.columns[:4] == ("Arm", last, best, "Mean: last, best")
    assert table.rows[1][:4] == (
        "wgan",
        "17.00, 16.50, 19.00, 18.00, diverged",
        "3.000, 3.500, 4.000, 4.500, diverged",
        "38.10, 27.00",
    )
    seeds = confirmed_table(run, list(confirmed_arms(run).values()))
    assert seeds.columns[3:6] == (last.removeprefix("Confirmed "), best.removeprefix("Confirmed "), "Best at (kimg)")
    assert [row[3:6] for row in seeds.rows[-2:]] == [("18.00", "4.500", "30"), ("–", "–", "–")]
    searched = leaderboard(run, "lsgan")
    if at == "last":
        assert searched.columns[2:4] == ("FD", "State")
        assert searched.rows[0][:3] == ("search_002", "1", "9.000")
    else:
        assert searched.columns[2:5] == ("FD, last", "FD, best (counts)", "Best at (kimg)")
        assert searched.rows[0][:5] == ("search_002", "1", "9.000", "9.500", "40")
        # A stopped trial's best is not scored anew.
        assert searched.rows[3][:5] == ("search_001", "4", "35.00", "–", "–"), (
            "a stopped trial's best is not scored anew"
        )


def test_protocol_and_csv(run: RunData) -> None:
    counted = dict(protocol_items(run))["Counted"]
    assert counted.startswith(f"each training's {run.study.objective.at} evaluation")
    header, *rows = (line.split(",") for line in trials_csv(run).splitlines())
    by_name = {(row[0], row[1]): dict(zip(header, row, strict=False)) for row in rows}
    seed = by_name["wgan", "confirm_003_seed_0"]
    assert (seed["score_last"], seed["score_best"], seed["best_nimg"]) == ("17.0", "3.0", "30000")
    assert seed["score"] == seed[f"score_{run.study.objective.at}"]


def test_a_folder_of_a_version_without_new_scores_says_nothing_of_them(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    summary = summarise(run)
    assert summary.other_count is None
    assert not any("What counts" in note for note in summary.notes)
    assert score_table(run, summary).columns[1] == "Confirmed FD"
    assert confirmed_table(run, list(confirmed_arms(run).values())).columns[3] == "FD"
