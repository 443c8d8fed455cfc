"""Checks of a search, on searches whose faults are planted."""

import math
import random
import shlex
from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import Score, make_study, run_that_ended

from gan_study.analysis.health.finding import HealthFinding
from gan_study.analysis.health.search_health import search_health
from gan_study.analysis.health.seed_noise import seed_noise
from gan_study.analysis.load_run import load_run
from gan_study.analysis.run_data import RunData
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.space import IntegerRange, LogUniformRange
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus

LSGAN = {"network": "dcgan", "loss": "least_squares"}


def searched(place: Path, score: Score, num: int = 12, state: Any = "completed", **changes: Any) -> RunData:
    sections: dict[str, Any] = {
        "arms": {"lsgan": LSGAN},
        "budget": {"trials_per_arm": num, "total_kimg": 4, "evaluate_every_kimg": 1},
        "confirm": {"top_k": 1, "seeds": 5},
    }
    study = with_search_defaults(make_study(**sections | changes))
    return run_that_ended(study, place, score, state)


def luck(config: TrialConfig, cur_nimg: int, spread: float) -> float:
    return math.exp(random.Random(f"{config.training.seed} {cur_nimg}").gauss(0, spread))


def rate(config: TrialConfig) -> float:
    """The learning rate on its range, 0 to 1."""
    return (math.log10(config.training.g_lr) + 5) / 3


def faster_is_better(spread: float) -> Score:
    return lambda config, nimg: luck(config, nimg, spread) * (20 + 100 * (1 - rate(config)))


def findings(run: RunData, check: str) -> list[HealthFinding]:
    return [each for each in search_health(run) if each.check == check]


def expect_no_loss(sentence: str) -> None:
    """A warning about --set names something that the option removes."""
    assert "--set" not in sentence


def first_at(**values: Any) -> dict[str, Any]:
    return {"arms": {"lsgan": LSGAN | {"first_trial": values}}}


def test_a_best_value_at_the_edge_comes_with_a_line_that_widens_the_range(tmp_path: Path) -> None:
    run = searched(tmp_path, faster_is_better(0.02), **first_at(g_lr=9.9e-3, **{"network.width": 30}))
    (found,) = findings(run, "edges")
    assert found.level == "serious"
    assert "g_lr of lsgan is 0.0099 in log_uniform [1e-05, 0.01]" in found.sentence
    words = shlex.split(found.command(run.study.name, "runs/scripted"))
    assert words[:5] == ["python", "-m", "gan_study", "run", "runs/scripted/study.yaml"]
    assert words[5::2] == ["--set"] * (len(words[5:]) // 2)
    text = RunFolder(str(tmp_path)).read_study_text()
    again = parse_study(text, "study.yaml", words[6::2], warn=expect_no_loss)
    assert again.name == "scripted_again"
    assert again.search_space == run.study.search_space | {"g_lr": LogUniformRange(log_uniform=(1e-5, 0.3))}


def test_an_edge_within_the_scatter_of_seeds_may_be_chance(tmp_path: Path) -> None:
    run = searched(tmp_path, faster_is_better(1.0), **first_at(g_lr=9.9e-3, **{"network.width": 64}))
    edges = [each for each in findings(run, "edges") if each.level != "fine"]
    assert [each.level for each in edges] in (["note"], [])
    assert all("may be as good but for the seed" in each.sentence for each in edges)


def test_ranges_of_one_hyperparameter_are_widened_together(tmp_path: Path) -> None:
    """Each condition has its own range; the line gives both, of which one is wider."""
    space = {
        "g_lr": [
            {"log_uniform": [1e-5, 1e-2], "when": {"loss": "least_squares"}},
            {"log_uniform": [1e-5, 1e-3], "when": {"loss": "hinge"}},
        ],
        "network.width": {"integer": [15, 64]},
    }
    arm = {"network": "dcgan", "search_space": {"loss": {"choice": ["least_squares", "hinge"]}}}
    first = {"loss": "least_squares", "g_lr": 9.9e-3, "network.width": 15}

    def score(config: TrialConfig, cur_nimg: int) -> float:
        return luck(config, cur_nimg, 0.02) * (20 + 100 * (1 - rate(config)) + config.training.network.width)

    run = searched(
        tmp_path,
        score,
        24,
        arms={"lsgan": arm | {"first_trial": first}},
        search_space=space,
    )
    (found,) = (each for each in findings(run, "edges") if each.level == "serious")
    again = parse_study(dump_study(run.study), "study.yaml", found.settings, warn=expect_no_loss)
    before, after = run.study.search_space["g_lr"], again.search_space["g_lr"]
    assert isinstance(before, tuple)
    assert after == (before[0].model_copy(update={"log_uniform": (1e-5, 0.3)}), before[1])
    assert again.search_space["network.width"] == IntegerRange(integer=(3, 64))


def test_no_range_is_widened_beyond_what_a_training_may_have(tmp_path: Path) -> None:
    """A beta of 0 has nothing below it; one of 0.9 has 1 above it."""

    def score(config: TrialConfig, cur_nimg: int) -> float:
        return luck(config, cur_nimg, 0.01) * (20 + 100 * abs(config.training.beta1 - wanted))

    space = {"beta1": {"uniform": [0.0, 0.9]}, "network.width": {"integer": [8, 64]}}
    wanted = 0.0
    run = searched(tmp_path / "low", score, search_space=space, **first_at(beta1=0.0, **{"network.width": 30}))
    assert [each.level for each in findings(run, "edges")] == ["fine"]
    wanted = 0.9
    run = searched(tmp_path / "high", score, search_space=space, **first_at(beta1=0.9, **{"network.width": 30}))
    (found,) = findings(run, "edges")
    assert found.settings == ("search_space.beta1.uniform=[0.0, 0.96]",)


@pytest.mark.parametrize(("gain", "level"), [(0.0, "serious"), (0.2, "serious"), (3.0, "fine")])
def test_the_paper_s_defaults_are_beaten_by_more_than_seeds_scatter_or_not(
    tmp_path: Path, gain: float, level: str
) -> None:
    """Every configuration but the first is better by `gain` (of logarithms); seeds scatter with 0.2."""

    def score(config: TrialConfig, cur_nimg: int) -> float:
        is_first = (config.source or config.name) == "search_000"
        return luck(config, cur_nimg, 0.2) * 20 * math.exp(gain * is_first)

    (found,) = findings(searched(tmp_path, score), "defaults")
    assert found.level == level
    expected = ("python -m gan_study extend runs/s --set budget.trials_per_arm=24") if level == "serious" else ""
    assert found.command("s", "runs/s") == expected


@pytest.mark.parametrize(("early", "level"), [(1.0, "serious"), (3.0, "fine")])
def test_defaults_that_were_stopped_are_compared_where_they_were_stopped(
    tmp_path: Path, early: float, level: str
) -> None:
    """Nobody knows the later scores of a stopped trial, so it is compared with seeds after as many images."""

    def score(config: TrialConfig, cur_nimg: int) -> float:
        is_first = (config.source or config.name) == "search_000"
        return luck(config, cur_nimg, 0.2) * (30 if is_first else 20) * (early if is_first and cur_nimg < 4000 else 1)

    searched(tmp_path, score)
    folder = RunFolder(str(tmp_path))
    first = folder.trial("lsgan", "search_000")
    first.write_evaluations(first.read_evaluations()[:3])
    first.write_status(TrialStatus(state=TrialState.STOPPED, cur_nimg=2000))
    (found,) = findings(load_run(folder), "defaults")
    assert "after 2 kimg, where search_000 was stopped" in found.sentence
    assert found.level == level, found.sentence


def test_without_seeds_the_comparison_with_the_defaults_is_unknown(tmp_path: Path) -> None:
    run = searched(tmp_path, faster_is_better(0.1), confirm={"top_k": 0})
    assert [each.level for each in findings(run, "defaults")] == ["unknown"]


@pytest.mark.parametrize(("num", "spread", "level"), [(20, 0.1, "fine"), (20, 3.0, "serious"), (7, 0.1, "unknown")])
def test_scores_that_depend_on_nothing_are_found(tmp_path: Path, num: int, spread: float, level: str) -> None:
    (found,) = findings(searched(tmp_path, faster_is_better(spread), num), "dependence")
    assert found.level == level, found.sentence
    assert ("7 of 7 ended search trials have comparable scores, and 8 are needed" in found.sentence) == (num == 7)


@pytest.mark.parametrize(("worth", "level"), [(1.0, "fine"), (0.0, "serious")])
def test_cheap_scores_of_another_order_are_found(tmp_path: Path, worth: float, level: str) -> None:
    """scripted_world gives cheap scores that differ by a constant; here they are exchanged for noise."""

    search = {"scheduler": "median", "min_completed_trials": 12}  # so that none is stopped
    run = searched(tmp_path, faster_is_better(0.02), objective={"early_num_samples": 500}, search=search)
    folder = RunFolder(str(tmp_path))
    for trial in run.trials_of_arm("lsgan", "search"):
        files = folder.trial("lsgan", trial.name)
        *before, last = files.read_evaluations()
        assert last.score is not None
        early = worth * last.score + (1 - worth) * random.Random(trial.name).uniform(20, 120)
        files.write_evaluations([*before, last.model_copy(update={"early_score": early})])
    (found,) = findings(load_run(folder), "cheap scores")
    assert found.level == level, found.sentence
    assert found.settings == (() if level == "fine" else ("objective.early_num_samples=2000",))


def test_an_unfinished_study_is_not_judged(tmp_path: Path) -> None:
    assert search_health(searched(tmp_path, faster_is_better(0.1), state="interrupted")) == ()


def test_a_study_file_in_a_store_must_be_copied_first() -> None:
    found = HealthFinding("edges", "serious", "x", ("search_space.g_lr.uniform=[0, 1]",))
    command = found.command("s" * 64, "s3://bucket/runs/s")
    assert shlex.split(command)[4:7] == ["study.yaml", "--set", f"name={'s' * 58}_again"]


def test_the_scatter_of_seeds_by_hand() -> None:
    """Scores 1, e and e^2 have logarithms 0, 1 and 2: mean 1, deviation 1; Student's t with 2 degrees is 4.303."""
    found = seed_noise([1.0, math.e, math.e**2, None])
    assert found is not None
    assert found.mean == pytest.approx(math.e)
    reach = 4.302652729696142 * math.sqrt(4 / 3)
    assert found.next_seed == pytest.approx((math.exp(1 - reach), math.exp(1 + reach)))
    edge = 4.302652729696142 * math.sqrt(2)
    assert found.is_within(1.0, math.exp(edge - 0.01))
    assert not found.is_within(1.0, math.exp(edge + 0.01))
    assert seed_noise([1.0, None, 2.0]) is None
