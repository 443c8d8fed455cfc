"""Rows of the report's tables, and the numbers in them."""

import pytest
from synthetic_run import FAILED, SEARCH, write_synthetic_run

from gan_study.analysis.summary import summarise
from gan_study.report import tables
from gan_study.report.load import load_run
from gan_study.report.protocol import protocol_items
from gan_study.report.text import duration, number, percent, score_text
from gan_study.runs.records import TrialState


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load_run(write_synthetic_run(str(tmp_path_factory.mktemp("run"))))


def test_numbers_as_text():
    assert [number(v) for v in (None, 3, 3e-5, 12.34567, "dcgan", True)] == [
        "–",
        "3",
        "3e-05",
        "12.35",
        "dcgan",
        "true",
    ]
    assert [score_text(v) for v in (None, 9.0, 1234.0, 0.5)] == ["–", "9.000", "1234", "0.5000"]
    assert [percent(v) for v in (None, 0.0, 1 / 3)] == ["–", "0 %", "33.3 %"]
    assert [duration(v) for v in (89.0, 120.0, 5400.0)] == ["89 s", "2 min", "1.5 h"]


def test_leaderboard(run):
    board = tables.leaderboard(run, "lsgan")
    assert board.columns == (
        ("Rank", "Trial", "FD", "State", "g_lr", "beta1", "network.width", "kimg", "Time", "Restarts")
    )
    assert board.rows[0] == ("1", "search_002", "9.000", "completed", "0.0003162", "0.4", "64", "40", "20 min", "1")
    assert [row[:4] for row in board.rows[1:]] == [
        ("2", "search_004", "11.00", "completed"),
        ("3", "search_000", "14.00", "completed"),
        ("4", "search_001", "35.00", "stopped"),
        ("–", "search_003", "–", "diverged"),
    ]


def test_score_and_cost_tables(run):
    summary = summarise(run)
    assert tables.score_table(run, summary).rows[1] == (
        ("wgan", "17.00, 16.50, 19.00, 18.00, diverged", "38.10", "17.00 to 79.20", "18.00", "16.00", "22.1")
    )
    assert tables.cost_table(summary).rows == (
        ("lsgan", "10 %", "10 %", "none", "10", "350", "2.9 h"),
        ("wgan", "20 %", "0 %", "7", "10", "330", "2.8 h"),
    )
    assert tables.configuration_table(summary).rows[3] == ("penalty_weight", "–", "100")
    assert tables.pair_table(summary).rows == (("lsgan v wgan", "5 v 5", "100 %", "p = 0.008", "p = 0.008", "yes"),)


def test_failures_and_states(run):
    assert [row[:4] for row in tables.failure_table(run).rows] == [
        ("lsgan", "search_003", "diverged", "20"),
        ("wgan", "search_002", "failed", "10"),
        ("wgan", "confirm_003_seed_4", "diverged", "30"),
    ]
    assert tables.failure_table(run).rows[1][6] == SEARCH["wgan"][2].reason
    # running, completed, stopped, diverged, failed, all
    assert tables.state_table(run).rows == (
        ("lsgan", "search", "0", "3", "1", "1", "0", "5"),
        ("lsgan", "confirm", "0", "5", "0", "0", "0", "5"),
        ("wgan", "search", "0", "3", "1", "0", "1", "5"),
        ("wgan", "confirm", "0", "4", "0", "1", "0", "5"),
    )


def test_a_trial_that_was_left_off_is_not_called_running(tmp_path):
    folder = write_synthetic_run(str(tmp_path), state="running")
    trial = folder.trial("wgan", "search_000")
    trial.write_status(trial.read_status().model_copy(update={"state": TrialState.RUNNING}))
    running = load_run(folder)
    left = load_run(folder_with_state(folder, "interrupted"))
    for run, word in ((running, "running"), (left, "unfinished")):
        assert word in {row[3] for row in tables.leaderboard(run, "wgan").rows}
        assert word in tables.state_table(run).columns


def folder_with_state(folder, state):
    folder.write_study_status(folder.read_study_status().model_copy(update={"state": state}))
    return folder


def test_a_failure_without_a_reason_says_so(tmp_path):
    folder = write_synthetic_run(str(tmp_path))
    trial = folder.trial("wgan", "search_002")
    trial.write_status(trial.read_status().model_copy(update={"reason": None}))
    rows = tables.failure_table(load_run(folder)).rows
    assert [row[6] for row in rows if row[2] == FAILED] == ["no reason was recorded"]


def test_arms_show_their_defaults_and_ranges(run):
    lsgan, wgan = tables.arm_table(run).rows
    assert lsgan[:3] == ("lsgan", "least_squares", "none")
    # The paper's values, where the study gives none.
    assert "d_lr 0.0002, beta2 0.999, d_steps_per_g_step 1" in lsgan[3]
    assert "d_lr 0.0001, beta2 0.9, d_steps_per_g_step 5" in wgan[3]
    assert "network.discriminator_norm none, network.spectral_norm false" in wgan[3]
    assert wgan[4] == (
        "g_lr: log_uniform [1e-05, 0.01]; beta1: uniform [0, 0.9]; network.width: choice [16, 32, 64]; "
        "penalty_weight: log_uniform [0.1, 100]"
    )


def test_protocol(run):
    items = dict(protocol_items(run))
    assert items["Data set"] == "digits, 16 × 16 pixels"
    assert items["Budget"] == (
        "5 trials for each arm, each of at most 40 kimg (26.72 epochs of 1,497 images), evaluated every 10 kimg"
    )
    assert items["Sampler"] == (
        "tpe, which draws the first third of the trials at random; first trial: paper defaults; seed 0"
    )
    assert items["Scheduler"] == "asha, one in 3 survives each rung, first rung at 10 kimg"
    assert items["Seeds"] == ("search: 0 plus the trial's number; confirm: 100000, 100001, 100002, 100003, 100004")
    # 10590 + 9986 seconds on one core each.
    assert items["Cost"] == "5.72 CPU-core-hours in 20 trials, for 680 kimg of training"
