"""The collapse atlas: counts of verdicts, where failures lie, and what each verdict rests on."""

import json
from pathlib import Path

import pytest
from support.planted_diagnosis import FINDINGS, planted_diagnosis
from support.synthetic_run import (
    COMPLETED,
    DIVERGED,
    NUM_TRAIN_IMAGES,
    STUDY,
    Outcome,
    write_synthetic_run,
    write_trial,
)

from gan_study.analysis.load_run import load_run
from gan_study.analysis.trial_verdicts import NO_SIGN, WORDS
from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import search_trial_config
from gan_study.diagnosis.undecided import order_of_rules
from gan_study.report.figures.atlas_data import failure_maps, separation, verdict_bars
from gan_study.report.figures.atlas_figures import atlas_plots
from gan_study.report.figures.verdict_style import VERDICT_STYLES
from gan_study.report.tables.verdict_evidence import MOST_TABLES, evidences, images_basis
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.diagnosis import Diagnostics, VerdictName


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return write_synthetic_run(str(tmp_path))


def test_verdicts_are_counted_for_each_arm_and_phase(folder: RunFolder) -> None:
    folder.trial("wgan", "confirm_003_seed_0").write_diagnosis(planted_diagnosis(VerdictName.PARTIAL_COLLAPSE))
    assert [(bar.arm, bar.phase, bar.counts) for bar in verdict_bars(load_run(folder))] == [
        ("lsgan", "search", {"diverged": 1, "still improving": 3, NO_SIGN: 1}),
        ("lsgan", "confirm", {"still improving": 5}),
        ("wgan", "search", {"process failed": 1, "still improving": 3, NO_SIGN: 1}),
        ("wgan", "confirm", {"diverged": 1, "partial collapse": 1, "still improving": 3}),
    ]


def test_bars_are_shares_with_counts_in_them(folder: RunFolder) -> None:
    (plot,) = atlas_plots(load_run(folder))["shares"]
    bars = {trace["name"]: trace for trace in json.loads(plot.json)["data"]}
    assert list(bars) == ["diverged", "still improving", "process failed", NO_SIGN]
    assert bars["still improving"]["x"] == [60, 100, 60, 80]
    assert bars["still improving"]["text"] == ["3", "5", "3", "4"]
    assert bars["diverged"]["text"] == ["1", "", "", "1"]


def test_separation_of_numbers_and_of_categories() -> None:
    assert separation([1.0, 2.0], [3.0, 4.0], is_category=False) == 1
    assert separation([1.0, 3.0], [1.0, 3.0], is_category=False) == 0
    # Above 2 lie both failures and one of the four others.
    assert separation([3.0, 4.0], [0.5, 1.0, 1.5, 3.5], is_category=False) == 0.75
    assert separation(["a", "b"], ["b", "b"], is_category=True) == 0.5
    # Categories have no order: the outer two against the middle one lie apart.
    assert separation([16, 64], [32], is_category=True) == 1
    assert separation([True], [False], is_category=True) == 1


def test_the_two_hyperparameters_that_separate_best_are_drawn(tmp_path: Path) -> None:
    # g_lr grows with the number of the trial: the last two diverge.
    outcomes = (*(Outcome(COMPLETED, 45.0),) * 4, *(Outcome(DIVERGED, None, kimg=20),) * 2)
    run = load_run(write_synthetic_run(str(tmp_path), search={"lsgan": outcomes}, confirm={}))
    (found,) = failure_maps(run)
    assert (found.arm, found.num_failures, len(found.trials)) == ("lsgan", 2, 6)
    first, second = found.axes
    assert (first.name, first.scale, first.value) == ("g_lr", "log", 1)
    # beta1 is 0.8 and 0.0 of the failures, 0.0, 0.2, 0.4, 0.6 of the others; width is 32 and 64.
    assert (second.name, second.value) == ("beta1", 0.5)
    assert found.trials[5].values == (10.0**-2, 0.0)
    (plot,) = atlas_plots(run)["maps"]
    assert "2 failures among 6 search trials, best separated by g_lr (1) and beta1 (0.5)." in plot.caption
    assert "So few may be separated by chance." in plot.caption


def test_an_arm_without_failures_has_no_map(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path), search={"lsgan": (Outcome(COMPLETED, 9.0),) * 3}, confirm={}))
    assert failure_maps(run) == ()


def test_one_searched_hyperparameter_is_drawn_against_the_verdicts(tmp_path: Path) -> None:
    space, arms = {"g_lr": {"log_uniform": [1e-5, 1e-2]}}, {"lsgan": STUDY["arms"]["lsgan"]}
    study = {**STUDY, "search_space": space, "arms": arms}
    folder = write_synthetic_run(str(tmp_path), study=study, confirm={}, search={})
    arm = Arm(load_run(folder).study, "lsgan")
    for index, state in enumerate((COMPLETED, DIVERGED)):
        config = search_trial_config(arm, index, {"g_lr": 10.0**-index}, NUM_TRAIN_IMAGES)
        write_trial(folder, config, Outcome(state, 45.0 if state is COMPLETED else None))
    (plot,) = atlas_plots(load_run(folder))["maps"]
    figure = json.loads(plot.json)
    assert {trace["name"]: (trace["x"], trace["y"]) for trace in figure["data"]} == {
        "diverged": ([0.1], ["diverged"]),
        NO_SIGN: ([1.0], [NO_SIGN]),
    }


def test_every_verdict_has_its_own_look() -> None:
    assert set(VERDICT_STYLES) == set(WORDS)
    assert len({(s.colour, s.symbol) for s in VERDICT_STYLES.values()}) == len(WORDS)
    assert len({s.symbol for s in VERDICT_STYLES.values()}) == len(WORDS)


def test_evidence_has_value_threshold_source_and_control(folder: RunFolder) -> None:
    record = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE, ("7",), late_collapse=True)
    folder.trial("wgan", "confirm_003_seed_0").write_diagnosis(record)
    found = evidences(load_run(folder))
    assert [(e.arm, e.trial) for e in found.trials] == [
        ("wgan", "confirm_003_seed_4"),
        ("wgan", "confirm_003_seed_0"),
        ("lsgan", "search_003"),
        ("wgan", "search_002"),
    ]
    measured = found.trials[1]
    assert measured.text == "partial collapse (without 7), late collapse"
    assert measured.table.rows == (
        (
            *("coverage_partial", "0.62", "below 0.75", "0.97", "yes, decisive"),
            "Naeem et al. 2020; threshold: proposal of gan_study",
            "The coverage ratio is 0.62, below 0.75 (as many held-out real images: 0.97).",
        ),
        (
            *("still_falling", "0.01", "above 0.05", "–", "no", "proposal of gan_study"),
            "The fall of the score per evaluation at the end is 0.01, not above 0.05.",
        ),
    )
    assert measured.not_measured == "Not measured: vendi_total."
    assert "The study asks for 2,000 (diagnosis.num_samples), but only half the held-out images" in measured.basis
    assert measured.basis.startswith("150 generated images at 40 kimg in features of domain_classifier@1a2b3c4d")
    diverged = found.trials[2]
    assert "its images were not measured" in diverged.basis
    assert diverged.table.rows[0][:5] == ("diverged", "1", "above 0", "–", "yes, decisive")
    assert found.num_left_out == 0


def test_evidence_says_why_the_rest_did_not_decide(folder: RunFolder) -> None:
    record = planted_diagnosis(VerdictName.PARTIAL_COLLAPSE)
    noted = FINDINGS[0].model_copy(update={"name": "coverage_low", "sentence": "The coverage is low."})
    verdict = record.verdict.model_copy(update={"findings": (*FINDINGS, noted)})
    trial = folder.trial("wgan", "confirm_003_seed_0")
    trial.write_diagnosis(record.model_copy(update={"verdict": verdict}))
    table = evidences(load_run(folder)).trials[1].table
    assert [row[0] for row in table.rows] == ["coverage_partial", "coverage_low", "still_falling"]
    assert table.rows[1][-1] == "The coverage is low. It is only noted: no verdict depends on it."
    write_report(folder)
    assert f"How a verdict is chosen: {order_of_rules()}" in folder.storage.read_text("report.html")


def test_few_training_images_are_named_as_the_limit(folder: RunFolder) -> None:
    few = planted_diagnosis(VerdictName.HEALTHY).model_copy(update={"diagnostics": Diagnostics(num=150, num_train=150)})
    config = search_trial_config(Arm(load_run(folder).study, "wgan"), 0, {}, NUM_TRAIN_IMAGES)
    assert images_basis(few, config).endswith("but there are no more training images.")
    enough = few.model_copy(update={"diagnostics": Diagnostics(num=2000, num_train=2000)})
    assert images_basis(enough, config).endswith("held-out real images.")
    # Too few for any measure: what they are few of is not on record.
    none = few.model_copy(update={"diagnostics": Diagnostics(num=30, num_train=0)})
    assert images_basis(none, config).endswith("held-out real images.")


def test_the_worst_are_shown_where_evidence_is_much(tmp_path: Path) -> None:
    outcomes = (Outcome(DIVERGED, None, kimg=10),) * (MOST_TABLES + 3)
    folder = write_synthetic_run(str(tmp_path), search={"lsgan": outcomes}, confirm={})
    last = f"search_{MOST_TABLES + 2:03d}"
    folder.trial("lsgan", last).write_diagnosis(planted_diagnosis(VerdictName.HEALTHY, cur_nimg=10_000))
    found = evidences(load_run(folder))
    assert (len(found.trials), found.num_left_out) == (MOST_TABLES, 3)
    assert last not in {e.trial for e in found.trials}
