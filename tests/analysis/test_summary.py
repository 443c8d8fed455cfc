"""The content of summary.json."""

import json
import math
from pathlib import Path

import pytest
from support.present import present
from support.synthetic_run import (
    COMPLETED,
    DIVERGED,
    FAILED,
    RUNNING,
    SECONDS_PER_KIMG,
    STOPPED,
    Outcome,
    many_classes,
    write_synthetic_run,
)

from gan_study.analysis.arm_comparison import compare_arms
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import TrialData, best_first, best_trial
from gan_study.analysis.summary import ConfirmedSeed, Summary, summarise
from gan_study.runs.records.status import TrialState


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return summarise(load_run(write_synthetic_run(str(tmp_path_factory.mktemp("run")))))


def test_an_arm_s_outcome(summary: Summary) -> None:
    arm = summary.arms["wgan"]
    assert (arm.best_trial, arm.search_score, arm.shown_trial) == ("search_003", 16.0, "confirm_003_seed_1")
    assert arm.hyperparameters == {"g_lr": 10.0**-3, "beta1": 0.2 * 3, "network.width": 16, "penalty_weight": 100.0}
    assert arm.trials_by_state == {"completed": 7, "stopped": 1, "failed": 1, "diverged": 1}
    # Search: 40 + 10 + 10 + 40 + 40, confirm: 4 * 40 + 30.
    assert arm.kimg == 330
    # Two seconds for each of 5 + 2 + 2 + 5 + 5 and 4 * 5 + 4 evaluations.
    assert arm.seconds == 330 * SECONDS_PER_KIMG + 2.0 * 43


def test_confirmed_seeds(summary: Summary) -> None:
    confirmed = present(summary.arms["wgan"].confirmed)
    assert confirmed.source == "search_003"
    assert confirmed.seeds[0] == ConfirmedSeed(
        "confirm_003_seed_0", 100_000, "completed", 17.0, "still improving", score_last=17.0
    )
    assert confirmed.seeds[4] == ConfirmedSeed("confirm_003_seed_4", 100_004, "diverged", None, "diverged")
    assert confirmed.num_configurations == 1


def test_the_comparison_is_that_of_all_statistics(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path)))
    assert summarise(run).comparison == compare_arms(run)


def test_missing_classes(summary: Summary) -> None:
    wgan, lsgan = (present(summary.arms[arm].class_shares) for arm in ("wgan", "lsgan"))
    assert (wgan.trial, wgan.smallest, wgan.missing, wgan.num_modes) == ("confirm_003_seed_1", 0.0, ("7",), 9)
    assert (lsgan.trial, lsgan.smallest, lsgan.missing, lsgan.num_modes) == ("confirm_002_seed_0", 0.1, (), 10)
    # Nine classes of 1/9 each against 1/10 each.
    assert wgan.kl == pytest.approx(math.log(10 / 9), abs=1e-5)
    assert lsgan.kl == 0
    assert (wgan.has_many_classes, wgan.modes_text) == (False, "9 of 10")


def test_modes_are_counted_in_images_where_classes_are_many(tmp_path: Path) -> None:
    # The first 400 of 1000 classes get 10 images each, the next 500 two each, the last 100 none: 5000.
    shares = (10 / 5000,) * 400 + (2 / 5000,) * 500 + (0.0,) * 100
    search = {"lsgan": (Outcome(COMPLETED, 9.0),)}
    folder = write_synthetic_run(str(tmp_path), search=search, objective=many_classes(1000), confirm={})
    trial = folder.trial("lsgan", "search_000")
    trial.write_evaluations([e.model_copy(update={"class_shares": shares}) for e in trial.read_evaluations()])
    found = present(summarise(load_run(folder)).arms["lsgan"].class_shares)
    assert (found.num_classes, found.num_modes, found.modes_text) == (1000, 900, "900 of 1,000")
    assert found.has_many_classes
    assert found.kl == pytest.approx(0.8 * math.log(2) + 0.2 * math.log(0.4))
    # Each class is left out by all 5000 images with chance (1 - 1/1000)^5000.
    assert found.expected_num_modes == pytest.approx(1000 * (1 - 0.999**5000))


def test_score_description(summary: Summary) -> None:
    score = present(summary.score)
    assert score.label == "FD[domain_classifier@1a2b3c4d,hidden,d=64]/N=5000v1797:all/uint8-16px"
    assert (score.is_published_fid, score.num_generated, score.num_real) == (False, 5000, 1797)
    assert (score.floor, score.untrained_score, score.failure_score, score.extractor_accuracy) == (0.5, 60, 120, 0.992)


def test_a_summary_is_read_back_as_it_was_written(summary: Summary) -> None:
    assert Summary.from_json(summary.to_json()) == summary


def test_json_has_null_for_what_is_missing(summary: Summary) -> None:
    content = json.loads(summary.to_json())
    assert content["winner"] == "lsgan"
    assert content["arms"]["wgan"]["confirmed"]["seeds"][4]["score"] is None
    assert list(content["arms"]) == ["lsgan", "wgan"]


@pytest.mark.parametrize("state", [DIVERGED, FAILED, RUNNING])
def test_a_trial_that_did_not_end_well_has_no_score(tmp_path: Path, state: TrialState) -> None:
    trial = load_run(write_synthetic_run(str(tmp_path))).trials_of_arm("lsgan", "search")[0]
    assert trial.score == 14.0
    changed = TrialData(trial.config, trial.status.model_copy(update={"state": state}), trial.evaluations)
    assert changed.score is None


def test_a_stopped_trial_ranks_below_completed_ones(tmp_path: Path) -> None:
    outcomes = (Outcome(STOPPED, 5.0, kimg=10), Outcome(FAILED, None, kimg=10), Outcome(COMPLETED, 9.0))
    run = load_run(write_synthetic_run(str(tmp_path), search={"lsgan": outcomes, "wgan": outcomes[:2]}, confirm={}))
    assert [t.name for t in best_first(run.trials_of_arm("lsgan"))] == ["search_002", "search_000", "search_001"]
    assert present(best_trial(run.trials_of_arm("lsgan"))).name == "search_002"
    assert present(best_trial(run.trials_of_arm("wgan"))).name == "search_000"
    assert best_trial(run.trials_of_arm("wgan")[1:]) is None
