"""Rows of the report's tables, and the numbers in them."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.present import present
from support.synthetic_run import COMPLETED, CONFIRM, FAILED, SEARCH, STUDY, Outcome, many_classes, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.sentences.number_text import (
    duration,
    estimate_text,
    failure_text,
    number,
    percent,
    quantity,
    score_text,
)
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.failures import FailureRate
from gan_study.analysis.summary import summarise
from gan_study.config.values.schedule import ScheduleEntry
from gan_study.report.tables.configuration_tables import arm_table, configuration_table
from gan_study.report.tables.protocol import protocol_items
from gan_study.report.tables.result_tables import cost_table, pair_table, score_table
from gan_study.report.tables.trial_tables import failure_table, leaderboard, state_table
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return load_run(write_synthetic_run(str(tmp_path_factory.mktemp("run"))))


def test_numbers_as_text() -> None:
    assert [number(v) for v in (None, 3, 3e-5, 12.34567, "dcgan", True)] == [
        "–",
        "3",
        "3e-05",
        "12.35",
        "dcgan",
        "true",
    ]
    assert [number(v) for v in (999.94, 999.96, 11017.98, -5508.99)] == ["999.9", "1,000", "11,020", "-5,509"]
    assert [score_text(v) for v in (None, 9.0, 1234.0, 0.5)] == ["–", "9.000", "1,234", "0.5000"]
    assert [score_text(v) for v in (999.94, 999.96, 11017.98)] == ["999.9", "1,000", "11,020"]
    assert [percent(v) for v in (None, 0.0, 1 / 3)] == ["–", "0 %", "33.3 %"]
    assert [quantity(v, "seed") for v in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]
    assert estimate_text(Estimate(10.6, 9.8, 11.4)) == "10.60 (9.800 to 11.40)"
    assert failure_text(FailureRate(1, 5, Estimate(0.2, 0.036, 0.624))) == "1 of 5 (4 % to 62 %)"
    assert (estimate_text(None), failure_text(FailureRate(0, 0, None))) == ("–", "–")
    assert [duration(v) for v in (89.0, 120.0, 5400.0)] == ["89 s", "2 min", "1.5 h"]


def test_leaderboard(run: RunData) -> None:
    board = leaderboard(run, "lsgan")
    assert board.columns == (
        ("Trial", "Rank", "FD", "State", "Verdict", "g_lr", "beta1", "network.width", "kimg", "Time", "Restarts")
    )
    assert board.rows[0] == (
        "search_002",
        "1",
        "9.000",
        "completed",
        "still improving",
        "0.0003162",
        "0.4",
        "64",
        "40",
        "20 min",
        "1",
    )
    assert [row[:4] for row in board.rows[1:]] == [
        ("search_004", "2", "11.00", "completed"),
        ("search_000", "3", "14.00", "completed"),
        ("search_001", "4", "35.00", "stopped"),
        ("search_003", "–", "–", "diverged"),
    ]


def test_the_score_table_has_the_failures_beside_the_scores(run: RunData) -> None:
    table = score_table(run, summarise(run))
    row = dict(zip(table.columns, table.rows[1], strict=True))
    # The bootstrap's limits: the mean of five draws with at most three failures; worked out in test_seed_scores.
    assert row.pop("Mean (95 % interval)").startswith("38.10 (17.00 to ")
    assert row.pop("IQM (95 % interval)").startswith("18.00 (")
    assert row.pop("Optimism (95 % interval)").startswith("22.10 (1.000 to ")
    assert row == {
        "Arm": "wgan",
        "Confirmed FD": "17.00, 16.50, 19.00, 18.00, diverged",
        "Failed seeds": "1 of 5 (4 % to 62 %)",
        "Search FD": "16.00",
        "Failed in search": "1 of 5 (4 % to 62 %)",
    }


def test_below_five_seeds_the_score_table_has_raw_scores_alone(tmp_path: Path) -> None:
    confirm = {arm: outcomes[:4] for arm, outcomes in CONFIRM.items()}
    run = load_run(write_synthetic_run(str(tmp_path), confirm=confirm))
    columns = score_table(run, summarise(run)).columns
    assert columns == ("Arm", "Confirmed FD", "Failed seeds", "Search FD", "Failed in search")


def test_five_seeds_that_succeeded_have_a_mean_beside_those_that_failed(tmp_path: Path) -> None:
    run = load_run(write_synthetic_run(str(tmp_path), confirm={"wgan": (*CONFIRM["wgan"], *CONFIRM["wgan"][:4])}))
    table = score_table(run, summarise(run))
    row = dict(zip(table.columns, table.rows[1], strict=True))
    assert row["Failed seeds"].startswith("1 of 9 (")
    assert row["Mean without failed seeds"].startswith("17.62 (")  # (17 + 16.5 + 19 + 18) / 4 = 17.625


def test_cost_configuration_and_pair_tables(run: RunData) -> None:
    summary = summarise(run)
    assert cost_table(summary).rows == (
        ("lsgan", "10 %", "none", "10", "350", "2.9 h"),
        ("wgan", "0 %", "7", "10", "330", "2.8 h"),
    )
    assert pair_table(summary.comparison.pairs).rows == (
        ("lsgan v wgan", "5 v 5", "100 % (64 % to 100 %)", "p = 0.008", "p = 0.008", "distinguishable", "–"),
    )


def test_an_undecided_pair_says_how_many_seeds_would_decide(tmp_path: Path) -> None:
    confirm = {"lsgan": CONFIRM["lsgan"][:3], "wgan": CONFIRM["wgan"][:3]}
    summary = summarise(load_run(write_synthetic_run(str(tmp_path), confirm=confirm)))
    (row,) = pair_table(summary.comparison.pairs).rows
    assert row[5:] == ("not distinguishable", "1 more seed for each arm")


def test_a_hyperparameter_that_an_arm_does_not_search_shows_its_fixed_value_muted(tmp_path: Path) -> None:
    arms = {**STUDY["arms"], "lsgan": {**STUDY["arms"]["lsgan"], "beta1": 0.25}}
    folder = write_synthetic_run(str(tmp_path), study={**STUDY, "arms": arms})
    for name in folder.trials("lsgan"):
        config = present(folder.trial("lsgan", name).read_config())
        searched = {key: value for key, value in config.searched.items() if key != "beta1"}
        training = config.training.model_copy(update={"beta1": 0.25})
        changed = config.model_copy(update={"searched": searched, "training": training})
        folder.trial("lsgan", name).write_config(changed)
    run = load_run(folder)
    table = configuration_table(run, summarise(run))
    rows = {row[0]: (number, row[1:]) for number, row in enumerate(table.rows)}
    assert rows["beta1"][1] == ("0.25", "0.6")
    # No penalty, hence no weight of it.
    assert rows["penalty_weight"][1] == ("–", "100")
    assert table.muted == {(rows["beta1"][0], 1), (rows["penalty_weight"][0], 1)}


def test_with_many_classes_modes_are_counted(tmp_path: Path) -> None:
    shares = (0.002,) * 400 + (0.0004,) * 500 + (0.0,) * 100
    folder = write_synthetic_run(
        str(tmp_path), search={"lsgan": (Outcome(COMPLETED, 9.0),)}, confirm={}, objective=many_classes(1000)
    )
    trial = folder.trial("lsgan", "search_000")
    trial.write_evaluations([e.model_copy(update={"class_shares": shares}) for e in trial.read_evaluations()])
    table = cost_table(summarise(load_run(folder)))
    assert table.columns[:3] == ("Arm", "Modes found", "KL to real shares")
    # 0.8 ln 2 + 0.2 ln 0.4 = 0.3713; a perfect generator has 1000 (1 - 0.999^5000) = 993.3.
    assert table.rows[0][:3] == ("lsgan", "900 of 1,000 (a perfect generator: 993)", "0.3713")
    assert table.rows[1][:3] == ("wgan", "–", "–")


def test_failures_and_states(run: RunData) -> None:
    assert [row[:4] for row in failure_table(run).rows] == [
        ("lsgan", "search_003", "diverged", "20"),
        ("wgan", "search_002", "failed", "10"),
        ("wgan", "confirm_003_seed_4", "diverged", "30"),
    ]
    assert failure_table(run).rows[1][6] == SEARCH["wgan"][2].reason
    # running, completed, stopped, diverged, failed, all
    assert state_table(run).rows == (
        ("lsgan", "search", "0", "3", "1", "1", "0", "5"),
        ("lsgan", "confirm", "0", "5", "0", "0", "0", "5"),
        ("wgan", "search", "0", "3", "1", "0", "1", "5"),
        ("wgan", "confirm", "0", "4", "0", "1", "0", "5"),
    )


def test_a_trial_that_was_left_off_is_not_called_running(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path), state="running")
    trial = folder.trial("wgan", "search_000")
    trial.write_status(present(trial.read_status()).model_copy(update={"state": TrialState.RUNNING}))
    running = load_run(folder)
    left = load_run(folder_with_state(folder, "interrupted"))
    for run, word in ((running, "running"), (left, "unfinished")):
        assert word in {row[3] for row in leaderboard(run, "wgan").rows}
        assert word in state_table(run).columns


def folder_with_state(folder: RunFolder, state: str) -> RunFolder:
    folder.write_study_status(present(folder.read_study_status()).model_copy(update={"state": state}))
    return folder


def test_a_failure_without_a_reason_says_so(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    trial = folder.trial("wgan", "search_002")
    trial.write_status(present(trial.read_status()).model_copy(update={"reason": None}))
    rows = failure_table(load_run(folder)).rows
    assert [row[6] for row in rows if row[2] == FAILED] == ["no reason was recorded"]


def test_arms_show_their_defaults_and_ranges(run: RunData) -> None:
    lsgan, wgan = arm_table(run).rows
    assert lsgan[:3] == ("lsgan", "least_squares", "none")
    # The paper's values, where the study gives none.
    assert "d_lr 0.0002, g_lr_schedule constant, d_lr_schedule constant, beta2 0.999, d_steps_per_g_step 1" in lsgan[3]
    assert "d_lr 0.0001, g_lr_schedule constant, d_lr_schedule constant, beta2 0.9, d_steps_per_g_step 5" in wgan[3]
    assert "network.discriminator_norm none, network.spectral_norm false" in wgan[3]
    assert wgan[4] == (
        "g_lr: log_uniform [1e-05, 0.01]; beta1: uniform [0, 0.9]; network.width: choice [16, 32, 64]; "
        "penalty_weight: log_uniform [0.1, 100]"
    )


def test_protocol(run: RunData) -> None:
    items = dict(protocol_items(run))
    assert items["Data set"] == "digits, 16 × 16 pixels"
    assert items["Budget"] == (
        "5 trials for each arm, each of at most 40 kimg (26.72 epochs of 1,497 images, 1,210 "
        "device-seconds), evaluated every 10 kimg"
    )
    assert items["Sampler"] == ("tpe, which draws trial 2 of an arm at random; first trial: paper defaults; seed 0")
    assert items["Confirmation"] == "the best configuration of each arm, 5 fresh seeds"
    assert items["Commit"] == "0123456789abcdef"
    assert items["Scheduler"] == "asha: at 10, 30 of 40 kimg, the best 1 in 3 of an arm so far continue"
    assert items["Seeds"] == ("search: 0 plus the trial's number; confirm: 100000, 100001, 100002, 100003, 100004")
    assert items["Arithmetic"] == "float32"
    # 10590 + 9986 seconds on one core each.
    assert items["Cost"] == "5.72 CPU-core-hours in 20 trials, for 680 kimg of training"


def test_the_protocol_says_where_a_gpu_shortens_float32(run: RunData) -> None:
    def on_gpu(trial: TrialData, precision: str) -> TrialData:
        config = trial.config.model_copy(
            update={
                "workers": trial.config.workers.model_copy(update={"gpus_per_worker": 0.5}),
                "training": trial.config.training.model_copy(update={"precision": precision}),
            }
        )
        return replace(trial, config=config)

    first, second, *_ = run.trials
    short = replace(run, trials=(on_gpu(first, "bf16"),))
    both = replace(run, trials=(on_gpu(first, "bf16"), on_gpu(second, "float32")))
    assert dict(protocol_items(short))["Arithmetic"] == "bf16"
    assert dict(protocol_items(both))["Arithmetic"] == (
        "bf16 and float32; on GPUs, convolutions of float32 use TF32, which is torch's default, and matrix products "
        "do not"
    )


def test_one_of_a_thing_and_a_changed_checkout_are_said_so(tmp_path: Path) -> None:
    study = {**STUDY, "budget": {**STUDY["budget"], "trials_per_arm": 1}, "confirm": {"top_k": 2, "seeds": 1}}
    folder = write_synthetic_run(str(tmp_path), study=study)
    folder.write_environment(present(folder.read_environment()).model_copy(update={"commit": "ac60fda+"}))
    items = dict(protocol_items(load_run(folder)))
    assert items["Confirmation"] == "the best 2 configurations of each arm, 1 fresh seed each"
    assert items["Budget"].startswith("1 trial for each arm, each of")
    assert items["Commit"] == "ac60fda, with changes that were not committed"


def test_a_budget_in_seconds_is_given_in_images_too(tmp_path: Path) -> None:
    budget = {"trials_per_arm": 5, "device_sec": 900, "evaluate_every_kimg": 10}
    items = dict(protocol_items(load_run(write_synthetic_run(str(tmp_path), study={**STUDY, "budget": budget}))))
    assert items["Budget"] == (
        "5 trials for each arm, each of at most 900 device-seconds (40 kimg, 26.72 epochs of 1,497 images), on this "
        "machine and not reproducible bit for bit, evaluated every 10 kimg"
    )


def test_the_best_schedule_of_a_population_is_in_the_protocol(tmp_path: Path) -> None:
    study = {**STUDY, "search": {"scheduler": "pbt"}}
    folder = write_synthetic_run(str(tmp_path), study=study)
    files = folder.trial("lsgan", "search_002")
    config = present(files.read_config())
    entry = ScheduleEntry(from_kimg=10, g_lr=2e-3, d_lr=1e-4, beta1=0.5, beta2=0.99)
    training = config.training.model_copy(update={"schedule": (entry,)})
    files.write_config(config.model_copy(update={"training": training}))
    items = dict(protocol_items(load_run(folder)))
    assert items["Schedule of lsgan"] == "search_002: from 10 kimg g_lr 0.002, d_lr 0.0001, beta1 0.5, beta2 0.99"
    assert "Schedule of wgan" not in items
    assert items["Scheduler"].startswith("pbt: the 5 trials of an arm are one population")
