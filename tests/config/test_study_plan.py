"""The plan counts right, says what the first trial takes, and fits a terminal."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.resolved_training import resolve_training
from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.plan.plan import StudyPlan, plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.plan.search_text import idle_room_text
from gan_study.config.reading.load import load_study, parse_study
from gan_study.config.training import TrainingConfig

TEXT = """\
name: small
description: What is compared.
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 100, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
  wgan: {network: dcgan, loss: wasserstein, penalty: wgan_gp, beta2: 0.99}
search_space:
  g_lr: {log_uniform: [1e-3, 1e-2]}
  beta2: {choice: [0.9, 0.999]}
  network.width: {choice: [8, 16]}
confirm: {top_k: 2, seeds: 3}
"""


def planned(*overrides: str) -> StudyPlan:
    return plan_study(parse_study(TEXT, "x.yaml", overrides))


def training(**values: object) -> TrainingConfig:
    base = {
        "dataset": {"name": "digits"},
        "network": {"name": "dcgan", "width": 32},
        "loss": "least_squares",
        "evaluate_every_kimg": 10,
    }
    return TrainingConfig.model_validate({**base, **values})


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("total_kimg: 100, evaluate_every_kimg: 5", "every 5 kimg and at the end"),
        ("total_kimg: 100", "every 12.5 kimg (default: an eighth of the length) and at the end"),
        ("epochs: 10", "every 1.872 kimg (default: an eighth of the length) and at the end"),
    ],
)
def test_the_interval_of_evaluations_is_stated(length: str, expected: str) -> None:
    study = parse_study(TEXT.replace("total_kimg: 100, evaluate_every_kimg: 5", length), "x.yaml")
    assert f"  evaluated     at 0 kimg, then {expected}\n" in format_plan(plan_study(study))


def test_counts() -> None:
    result = planned()
    assert (result.num_search_trials, result.num_confirm_trials) == (8, 12)
    assert result.max_kimg == 2000.0
    assert planned("confirm.top_k=0").max_kimg == 800.0


@pytest.mark.parametrize(
    ("overrides", "is_stopped"),
    [
        ([], True),
        (["search={scheduler: none}"], False),
        (["search={scheduler: none}", "diagnosis={on_collapse: stop}"], True),
    ],
)
def test_early_stopping_is_named_only_where_something_stops_trials(overrides: list[str], is_stopped: bool) -> None:
    assert ("before early stopping" in format_plan(planned(*overrides))) is is_stopped


@pytest.mark.parametrize(
    ("overrides", "rungs"),
    [
        ([], (5.0, 15.0, 45.0)),
        (["search.reduction_factor=2"], (5.0, 10.0, 20.0, 40.0, 80.0)),
        (["search.grace_kimg=20"], (20.0, 60.0)),
        (["budget.total_kimg=45"], (5.0, 15.0)),
        (["search.grace_kimg=100"], ()),
        (["search.scheduler=none"], ()),
    ],
)
def test_rungs(overrides: list[str], rungs: tuple[float, ...]) -> None:
    assert [rung for bracket in planned(*overrides).brackets for rung in bracket.rungs_kimg] == list(rungs)


def test_arms_have_fixed_and_searched_values() -> None:
    lsgan, wgan = planned().arms
    assert wgan.title == "wgan: wasserstein, penalty wgan_gp, dcgan"
    assert [p.name for p in lsgan.searched] == ["g_lr", "beta2", "network.width"]
    assert [p.name for p in wgan.searched] == ["g_lr", "network.width"]
    assert (wgan.fixed["beta2"], wgan.fixed["beta1"], wgan.fixed["penalty_weight"]) == (0.99, 0.0, 10.0)
    assert wgan.fixed["network.discriminator_norm"] == "none"
    assert "penalty_weight" not in lsgan.fixed
    assert "clip_value" not in wgan.fixed


def test_first_trial() -> None:
    lsgan, _ = planned().arms
    assert lsgan.first_trial == {"g_lr": 2e-4, "beta2": 0.999, "network.width": 16}
    assert lsgan.outside == ("g_lr",)
    sampled, _ = planned("search.first_trial=sampled").arms
    assert sampled.first_trial is None
    assert sampled.outside == ()


class TestEstimate:
    # The measured whole loop: 2,900 images a second at 16 px and width 32, plus 5000 scored images every 10 kimg.
    def test_of_the_measured_case(self) -> None:
        assert estimate_seconds_per_kimg(training()) == pytest.approx(1 / 2.9 + 0.1, rel=0.05)

    def test_grows_with_what_costs(self) -> None:
        base = estimate_seconds_per_kimg(training())
        wider = estimate_seconds_per_kimg(training(network={"name": "dcgan", "width": 64}))
        larger = estimate_seconds_per_kimg(training(dataset={"name": "digits", "image_size": 32}))
        penalised = estimate_seconds_per_kimg(training(loss="wasserstein", penalty="wgan_gp", d_steps_per_g_step=1))
        fewer_g_steps = estimate_seconds_per_kimg(training(d_steps_per_g_step=5))
        rarely_scored = estimate_seconds_per_kimg(training(evaluate_every_kimg=60))
        small = estimate_seconds_per_kimg(training(network={"name": "mlp", "width": 64}))
        assert small < base < wider < larger
        assert base < penalised < 2 * base
        assert base / 2 < fewer_g_steps < base
        assert base - 0.1 < rarely_scored < base

    def test_the_plan_takes_the_slowest_values_of_each_arm(self) -> None:
        # Two arms, 4 + 6 trainings of 100 kimg each, the widest network.
        network = {"name": "dcgan", "width": 16}
        lsgan = training(network=network, evaluate_every_kimg=5, total_kimg=100)
        wgan = training(network=network, loss="wasserstein", penalty="wgan_gp", evaluate_every_kimg=5, total_kimg=100)
        expected = 1000 * (estimate_seconds_per_kimg(lsgan) + estimate_seconds_per_kimg(wgan))
        beside = planned().scoring.seconds_beside(num_trainings=20, num_confirmed=12)
        assert 0 < beside < 0.1 * expected
        assert planned().max_core_sec == pytest.approx(expected + beside)


class TestText:
    def test_says_what_a_run_would_do(self) -> None:
        text = format_plan(planned())
        for words in (
            "Study small\n  What is compared.\n",
            "digits, 16 x 16 pixels",
            "counted       each training's last evaluation (objective.at: last)\n",
            "4 trials for each arm; tpe, which draws trial 2 of an arm at random\n",
            "asha: at 5, 15, 45 of 100 kimg, the best 1 in 3 of an arm so far continue",
            "Arm wgan: wasserstein, penalty wgan_gp, dcgan\n",
            "  beta2                       0.99          fixed\n",
            "  network.width               16            choice [8, 16]\n",
            "  g_lr                        0.0002 *      log_uniform [0.001, 0.01]\n",
            "* outside the range: this trial uses the value",
            "20: 8 searched, 12 again (best 2 of each arm, 3 seeds)",
            "2,000 kimg",
            "estimated for one core of the developers' machine",
        ):
            assert words in text

    def test_says_that_the_best_counts(self) -> None:
        text = "counted       each training's best evaluation, scored again on fresh latents (objective.at: best)\n"
        assert text in format_plan(planned("objective.at=best"))

    def test_divides_the_time_only_among_a_stated_number_of_trials(self) -> None:
        assert "trials at once" not in format_plan(planned())
        result = planned("resources.max_concurrent_trials=4")
        assert result.num_concurrent_trials == 4
        seconds = result.max_core_sec
        assert result.max_sec == result.scoring.preparation_sec + seconds / 4
        assert f"about {seconds / 60:.0f} minutes, estimated" in format_plan(result)
        assert f"about {seconds / 240:.0f} minutes with 4 trials at once" in " ".join(format_plan(result).split())

    @pytest.mark.parametrize(
        ("overrides", "words"),
        [
            (["search.first_trial=sampled"], "tpe, which draws the first 2 trials of an arm at random"),
            (["search.first_trial=sampled", "search.lag=1"], "tpe, which draws the first trial of an arm at random"),
            (["search.lag=1"], "tpe, which learns from the first trial on"),
            (["search.lag=4"], "tpe, which draws trials 2 to 4 of an arm at random"),
            (["search.first_trial=sampled", "search.startup_trials=3"], "which draws the first 3 trials of an arm at "),
            (["search.startup_trials=2"], "tpe, which draws trial 2 of an arm at random"),
            (["search.startup_trials=3"], "tpe, which draws trials 2 to 3 of an arm at random"),
            (["search.sampler=cmaes", "search.scheduler=none", "search.lag=1"], "strategy), which learns after every"),
            (
                ["search.sampler=cmaes", "search.scheduler=none", "search.startup_trials=2"],
                "strategy), which draws trial 2 of an arm at random, then learns after every",
            ),
            (["search.sampler=random"], "4 trials for each arm; random\n"),
        ],
    )
    def test_says_what_is_drawn_at_random(self, overrides: list[str], words: str) -> None:
        assert words in re.sub(r"\n {3,}", " ", format_plan(planned(*overrides)))

    @pytest.mark.parametrize(
        ("overrides", "words"),
        [
            (
                [],
                "fixed: each trial knows the results of all earlier ones of its search but the one before it (lag 2) "
                "and waits for them, so at most 4 search trials run at once (2 in each of 2 searches), and a second "
                "run repeats it",
            ),
            (["search.lag=1"], "all earlier ones of its search (lag 1) and waits for them, so at most 2 search trials"),
            (
                ["search.lag=3"],
                "but the 2 before it (lag 3) and waits for them, so at most 6 search trials run",
            ),
            (["search.sampler=random", "search.scheduler=none"], "no trial depends on another's result, so nothing "),
            (["search.scheduler=pbt"], "fixed: no trial waits for another's result; a second run repeats it"),
            (
                ["search.order=free"],
                "free: each trial knows whatever has ended when it begins; a second run can give another result",
            ),
        ],
    )
    def test_says_what_a_trial_knows(self, overrides: list[str], words: str) -> None:
        assert words in re.sub(r"\n {3,}", " ", format_plan(planned(*overrides)))

    def test_says_that_a_search_leaves_machines_idle(self) -> None:
        study = planned().study
        assert idle_room_text(study, 4) == ""
        assert idle_room_text(study, 16).startswith("16 trials fit at once, but the search runs at most 4, so that it")
        assert idle_room_text(planned("search.order=free").study, 16) == ""

    def test_says_how_many_trials_share_a_process(self) -> None:
        text = " ".join(format_plan(planned("resources.trials_per_gpu=4")).split())
        assert "each with 1 CPU and a GPU for each process where there are any; 4 trials share a process" in text
        assert "share a process" not in format_plan(planned())

    def test_counts_the_seeds_of_all_looks(self) -> None:
        result = planned("confirm.until_decided={max_seeds: 10}")
        assert (result.num_confirm_trials, result.max_kimg) == (40, planned().max_kimg + 28 * 100)
        assert "40 again (best 2 of each arm, 10 seeds; 3 if the first look decides)" in format_plan(result)

    def test_says_where_nothing_is_searched(self) -> None:
        none = [f"{arm}={{network: dcgan, loss: hinge}}" for arm in ("arms.lsgan", "arms.wgan")]
        text = format_plan(planned(*none, "search_space={beta1: {choice: [0.5]}}", "arms.lsgan.beta1=0.5"))
        words = "4 trials for each arm; nothing is searched: the trials of an arm differ only in their seeds"
        assert words in " ".join(text.split())
        assert "at random" not in text
        assert "Arm lsgan: hinge, dcgan\n  searches nothing\n" in text
        own = format_plan(planned(*none, "search_space={}", "arms.wgan.search_space.beta1.uniform=[0, 0.9]"))
        assert "trial 2 of an arm at random, in wgan only: the other arms search nothing" in " ".join(own.split())

    @pytest.mark.parametrize(
        ("overrides", "words"),
        [
            (["search.scheduler=none"], "none: every trial runs to 100 kimg"),
            (["search.grace_kimg=100"], "asha has no rung below 100 kimg"),
            (["confirm.top_k=0"], "8, none again"),
        ],
    )
    def test_says_what_is_left_out(self, overrides: list[str], words: str) -> None:
        assert words in format_plan(planned(*overrides))

    def test_fits_100_columns(self) -> None:
        text = format_plan(
            planned(
                f"name={'n' * 64}",
                f"arms.{'a' * 64}={{loss: non_saturating, network: dcgan, penalty: weight_clip}}",
                f"description='{'long words ' * 30}'",
                f"search_space.z_dim={{choice: {list(range(1, 60))}}}",
                "budget.evaluate_every_kimg=0.001",
                "search.reduction_factor=2",
                "resources.max_concurrent_trials=2",
            )
        )
        assert max(map(len, text.splitlines())) <= 100
        assert "55, 56, 57, 58, 59]" in " ".join(text.split())

    def test_of_the_shipped_study(self) -> None:
        text = format_plan(plan_study(load_study(Path(__file__).parents[2] / "studies" / "lsgan_vs_wgan.yaml")))
        assert "Arm lsgan: least_squares, dcgan" in text
        assert "  d_steps_per_g_step          5             choice [1, 5]" in text


def test_planning_loads_neither_torch_nor_ray() -> None:
    modules = "gan_study.config.plan.plan_text, gan_study.config.reading.load, gan_study.config.schema"
    code = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "gan_study.config.plan.plan" in loaded
    assert {"torch", "ray", "optuna"}.isdisjoint(loaded)


def test_repeats_count() -> None:
    result = planned("search.repeats=3")
    assert (result.num_search_trials, result.num_confirm_trials) == (24, 12)
    assert result.max_kimg == 3600.0
    assert "4 trials for each arm in each of 3 searches of its own" in format_plan(result)
    assert "searches of its own" not in format_plan(planned())


def test_a_budget_in_device_seconds_is_estimated_in_images() -> None:
    text = TEXT.replace("total_kimg: 100", "device_sec: 60")
    result = plan_study(parse_study(text, "x.yaml", ["resources.workers_per_trial=2"]))
    # On digits (16 px) the narrow network of least squares is the fastest.
    fastest = estimate_seconds_per_kimg(training(network={"name": "dcgan", "width": 8}, evaluate_every_kimg=5))
    assert result.max_training_kimg == pytest.approx(60 / fastest)
    # 10 trainings of each arm take their 60 s on one device, or 30 s on each of two.
    assert result.scoring.num_first == 0  # counts in the budget
    assert result.max_core_sec == pytest.approx(2 * 10 * 60 + result.scoring.seconds_beside(20, 12))
    shown = " ".join(format_plan(result).split())
    assert "asha: at 5, 15, 45" in shown
    assert "60 device-seconds for each training (training and evaluation, on each of its workers)" in shown
    assert "not reproducible bit for bit" in shown
    arm = resolve_training(Arm(result.study, "lsgan"), {"network.width": 8}, seed=0, num_train_images=1000)
    assert (arm.device_sec, arm.evaluate_every_kimg) == (60, 5)
    assert arm.total_kimg == pytest.approx(60 / fastest)
