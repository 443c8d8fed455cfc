"""Importance of hyperparameters, from importance.json to summary.json, the page and its protocol."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.synthetic_run import STUDY, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.sentences.importance_text import arm_importances
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.summary import Summary
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.figures.importance_figures import (
    ImportanceBars,
    draw_importance,
    importance_bars,
    importance_title,
)
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.importance import ImportanceRecord, ParameterImportance, TargetImportance


def parameter(
    name: str,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    by_chance: float | None = None,
    num: int = 20,
    **more: Any,
) -> ParameterImportance:
    return ParameterImportance(name=name, num_trials=num, value=value, low=low, high=high, by_chance=by_chance, **more)


NONE = "none of 20 search trials has diverged, failed or collapsed"
RECORD = ImportanceRecord(
    num_forests=4,
    num_trees=16,
    num_resamples=30,
    num_shuffles=20,
    targets=(
        TargetImportance(
            arm="wgan",
            target="score",
            scale="log",
            num_trials=20,
            num_failed=None,
            parameters=(
                parameter("g_lr", 0.10, 0.02, 0.30, 0.35),
                parameter("penalty_weight", 0.62, 0.41, 0.80, 0.30, num=12, condition="penalty is wgan_gp"),
                parameter("beta1", None, reason="it exists in 4 of 20 trials, and 10 are needed", num=4),
            ),
        ),
        TargetImportance(
            arm="lsgan",
            target="failure",
            scale="0/1",
            num_trials=20,
            num_failed=0,
            parameters=(parameter("g_lr", None, reason=NONE),),
            reason=NONE,
        ),
    ),
)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = write_synthetic_run(str(tmp_path))
    folder.write_importance(RECORD)
    return folder


def test_the_words(folder: RunFolder) -> None:
    scores, failures = arm_importances(load_run(folder))
    assert scores.sentence == (
        "wgan, the score: of its variance over 20 trials, penalty_weight (in 12 trials) 62 % (41 % to 80 %); "
        "not more than chance: g_lr; beta1: none, because it exists in 4 of 20 trials, and 10 are needed."
    )
    assert [(each.name, each.share) for each in scores.shares] == [
        ("penalty_weight", Estimate(0.62, 0.41, 0.80)),
        ("g_lr", Estimate(0.10, 0.02, 0.30)),
        ("beta1", None),
    ]
    assert failures.sentence == f"lsgan, whether a trial fails or collapses: no importance is given, because {NONE}."
    assert (scores.is_known, failures.is_known) == (True, False)


def test_the_bars(folder: RunFolder) -> None:
    scores, _ = arm_importances(load_run(folder))
    bars = importance_bars(scores)
    assert bars == ImportanceBars(
        names=("penalty_weight", "g_lr"),
        shares=(62.0, 10.0),
        lows=(41.0, 2.0),
        highs=(80.0, 30.0),
        by_chance=(30.0, 35.0),
        num_trials=(12, 20),
    )
    figure = draw_importance(bars, arm_styles(("lsgan", "wgan"))["wgan"])
    bar, first, second, chance = figure.data
    assert (bar.x, bar.y) == ((62.0, 10.0), ("penalty_weight", "g_lr"))
    assert (first.x, first.y, second.x) == ((41.0, 80.0), ("penalty_weight",) * 2, (2.0, 30.0))
    assert chance.x == (30.0, 35.0)
    assert figure.layout.yaxis.categoryarray == ("g_lr", "penalty_weight")  # upwards: the largest on top
    assert importance_title(scores) == "What mattered for the score: wgan."


def test_the_report_and_the_summary_tell_it(folder: RunFolder) -> None:
    write_report(folder)
    page = folder.storage.read_text("report.html")
    assert page.count("What mattered for the score: wgan.") >= 1
    assert "What mattered for failing or collapsing" not in page
    assert f"no importance is given, because {NONE}" in page
    content = folder.storage.read_text("summary.json")
    assert Summary.from_json(content).importance == arm_importances(load_run(folder))
    scores, failures = json.loads(content)["importance"]
    assert scores["shares"][0]["share"] == {"value": 0.62, "low": 0.41, "high": 0.8}
    assert failures["shares"][0] | {"share": None, "by_chance": None, "reason": NONE} == failures["shares"][0]


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    bars = ImportanceBars((name,), (50.0,), (10.0,), (80.0,), (30.0,), (20,))
    figure = draw_importance(bars, arm_styles(("lsgan",))["lsgan"])
    assert "<img" not in figure.to_json()


def test_a_folder_without_importance_says_nothing_of_it(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path), study=STUDY)
    write_report(folder)
    assert arm_importances(load_run(folder)) == ()
    assert "What mattered for" not in folder.storage.read_text("report.html")
    assert "functional ANOVA" not in folder.storage.read_text("report.html")
