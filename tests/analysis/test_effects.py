"""Effects of searched values, against searches in which they are planted."""

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.parsed_page import ParsedPage
from support.scripted_world import Score, make_study, run_that_ended
from support.synthetic_run import write_synthetic_run

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.effects.arm_effects import ArmEffects, arm_effects
from gan_study.analysis.effects.path import Path as Way
from gan_study.analysis.effects.path import PathStep
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.effects_text import effects_sentences, mattered_sentences
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.summary import Summary, summarise
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.training import TrialConfig
from gan_study.report.figures.effect_figures import draw_path, effect_plots
from gan_study.report.figures.figure_style import arm_styles
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder

SPACE: dict[str, Any] = {
    "g_lr": {"log_uniform": [1e-5, 1e-2]},
    "beta1": {"uniform": [0, 0.9]},
    "network.width": {"choice": [16, 32, 64]},
}
SPREAD = 0.1
"""Standard deviation of the logarithm of a score over seeds."""


def bowl(g_lr: float) -> float:
    """The logarithm of the score without luck: the best rate is 1e-3, and nothing else matters."""
    return 3 + 0.8 * (math.log10(g_lr) + 3) ** 2


def rate_matters(config: TrialConfig, cur_nimg: int) -> float:
    luck = random.Random(f"{config.training.seed} {cur_nimg}").gauss(0, SPREAD)
    return math.exp(bowl(config.training.g_lr) + luck)


def searched(place: Path, num: int, score: Score = rate_matters, **changes: Any) -> RunData:
    sections: dict[str, Any] = {
        "arms": {"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        "search_space": SPACE,
        "search": {"sampler": "random", "scheduler": "none"},
        "budget": {"trials_per_arm": num, "total_kimg": 4, "evaluate_every_kimg": 1},
        "confirm": {"top_k": 1, "seeds": 5},
    }
    study = with_search_defaults(make_study(**sections | changes))
    return run_that_ended(study, place, score)


def effects_of(run: RunData) -> ArmEffects:
    (found,) = arm_effects(run, confirmed_arms(run))
    return found


def test_the_value_that_matters_is_named_first_from_eight_trials_on(tmp_path: Path) -> None:
    found = effects_of(searched(tmp_path, 8))
    assert (found.num_trials, found.num_seeds, found.kimg, found.is_relative) == (8, 5, None, True)
    assert found.path is not None
    first, *others = found.path.steps
    assert (first.name, first.before) == ("g_lr", 2e-4)
    assert first.is_clear
    assert first.probability_most > 0.8
    assert not any(step.is_clear for step in others)
    assert {step.name for step in found.path.steps} <= set(SPACE)
    truth = math.expm1(bowl(float(first.after or 0)) - bowl(2e-4))
    assert first.change.low <= truth <= first.change.high
    text = effects_sentences(found)
    assert text.startswith("lsgan, from 8 search trials and 5 confirmed seeds: between the paper's defaults and ")
    assert f"g_lr (0.0002 to {first.after:.4g}) explains most of the gain: " in text


@pytest.mark.parametrize("num", [8, 20])
def test_the_intervals_hold_the_truth(tmp_path: Path, num: int) -> None:
    """Ten searches each, whose random values differ: the steps, and the whole curve of the rate."""
    steps, curves = [], []
    for seed in range(10):
        run = searched(tmp_path / str(seed), num, search={"sampler": "random", "scheduler": "none", "seed": seed})
        found = effects_of(run)
        for step in found.path.steps if found.path else ():
            ends = [float(value) if step.name == "g_lr" and value else 1e-3 for value in (step.before, step.after)]
            steps.append(step.change.low <= math.expm1(bowl(ends[1]) - bowl(ends[0])) <= step.change.high)
        curve = next(each for each in found.dependence if each.name == "g_lr")
        truths = [math.exp(bowl(float(value))) for value in curve.values]
        curves += [low <= t <= high for low, t, high in zip(curve.lows, truths, curve.highs, strict=True)]
    assert np.mean(steps) >= 0.9
    assert np.mean(curves) >= 0.88


def test_where_nothing_matters_no_gain_is_clear(tmp_path: Path) -> None:
    def luck_alone(config: TrialConfig, cur_nimg: int) -> float:
        return 20 * math.exp(random.Random(f"{config.training.seed} {cur_nimg}").gauss(0, 0.3))

    found = effects_of(searched(tmp_path, 12, luck_alone))
    assert found.path is not None
    assert not any(step.is_clear for step in found.path.steps)
    text = effects_sentences(found)
    assert "which may be chance" in text
    assert text.endswith(("no single value's gain is clear.", "No single value is predicted to lower it."))


def test_defaults_that_are_the_best_have_no_path(tmp_path: Path) -> None:
    def worse_elsewhere(config: TrialConfig, cur_nimg: int) -> float:
        return rate_matters(config, cur_nimg) + 900 * ((config.source or config.name) != "search_000")

    found = effects_of(searched(tmp_path, 8, worse_elsewhere))
    assert (found.path, found.best) == (None, "search_000")
    assert effects_sentences(found).endswith("the best configuration is that of the paper's defaults.")


def test_a_penalty_takes_its_weight_along(tmp_path: Path) -> None:
    """A penalty with a weight near 1 is best; the paper's defaults of the first choice have none."""

    def score(config: TrialConfig, cur_nimg: int) -> float:
        weight = config.training.penalty_weight
        return rate_matters(config, cur_nimg) * (5 if weight is None else 1 + abs(math.log10(weight)))

    space = {
        "g_lr": SPACE["g_lr"],
        "penalty_weight": {"log_uniform": [0.1, 100]},
        "penalty": {"choice": ["none", "r1"]},
    }
    found = effects_of(searched(tmp_path, 24, score, search_space=space))
    assert found.path is not None
    steps = {step.name: step for step in found.path.steps}
    assert (steps["penalty"].before, steps["penalty"].after) == ("none", "r1")
    assert "penalty_weight" not in steps
    assert {each.name for each in found.dependence} == {"g_lr", "penalty", "penalty_weight"}
    weight = next(each for each in found.dependence if each.name == "penalty_weight")
    assert len(weight.tried) < 24


def test_scores_before_the_end_are_used_where_few_trials_came_to_it(tmp_path: Path) -> None:
    search = {"sampler": "random", "scheduler": "asha", "reduction_factor": 3, "lag": 1}
    found = effects_of(searched(tmp_path, 12, search=search))
    assert found.kimg == 1
    assert found.num_trials == 12
    assert "12 search trials and 5 confirmed seeds by their scores after 1 kimg: " in effects_sentences(found)


def test_too_few_trials_are_said_in_the_first_tab(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path))
    page = ParsedPage(Path(write_report(folder)).read_text(encoding="utf-8")).text
    first_tab = page[page.index("What mattered") : page.index("How to read these numbers")]
    reason = "4 of 5 ended search trials have comparable scores, and 8 are needed"
    for arm in ("lsgan", "wgan"):
        assert f"{arm}: it is unknown which values mattered, because {reason}." in first_tab


def test_page_and_summary_hold_the_same_effects(tmp_path: Path) -> None:
    run = searched(tmp_path, 8)
    summary = summarise(run)
    assert Summary.from_json(summary.to_json()).effects == summary.effects
    page = ParsedPage(Path(write_report(RunFolder(str(tmp_path)))).read_text(encoding="utf-8")).text
    (sentence,) = mattered_sentences(summary.effects, summary.importance)
    assert sentence.replace(" %", "\N{NO-BREAK SPACE}%") in page[: page.index("How to read these numbers")]
    plots = effect_plots(run, summary.effects)
    assert len(plots["paths"]) == 1
    (found,) = summary.effects
    for plot, each in zip(plots["dependence"], found.dependence, strict=True):
        traces = json.loads(plot.json)["data"]
        assert [trace["name"] for trace in traces][-1] == "trials"
        assert traces[-1]["y"] == pytest.approx(each.tried_scores)
        assert plot.title == f"{each.name} in lsgan, predicted."


def test_a_figure_of_the_path_shows_ratios_and_their_intervals() -> None:
    step = PathStep("g_lr", 1e-4, 1e-3, Estimate(-0.5, -0.75, 1.0), 0.9)
    way = Way((step,), Estimate(-0.6, -0.8, -0.1))
    (trace,) = draw_path(way, arm_styles(["a"])["a"], is_relative=True).data
    assert trace.y == ("g_lr (0.0001 to 0.001)", "all together")
    assert trace.x == pytest.approx((0.5, 0.4))
    assert trace.error_x.array == pytest.approx((1.5, 0.5))
    assert trace.error_x.arrayminus == pytest.approx((0.25, 0.2))


def test_words_for_gains() -> None:
    small = PathStep("beta1", 0.5, 0.0, Estimate(-0.1, -0.2, -0.02), 0.1)
    large = PathStep("g_lr", 1e-4, 1e-3, Estimate(-0.5, -0.7, -0.2), 0.9)
    worse = PathStep("z_dim", 64, 32, Estimate(2.0, -0.1, 8.0), 0.0)
    way = Way((large, small, worse), Estimate(0.3, -0.6, 4.0))
    text = effects_sentences(ArmEffects("a", None, 9, 0, None, True, "search_004", way))
    assert text == (
        "a, from 9 search trials: between the paper's defaults and search_004, the score is predicted to change by 30 "
        "% (-60 % to a factor of 5), which may be chance. g_lr (0.0001 to 0.001) explains most of the gain: -50 % (-70 "
        "% to -20 %); with a probability of 90 % it is the most important one. Clear, too: beta1 (0.5 to 0)."
    )
