"""Objectives that do not fit the rest of a study are reported when it is read."""

import pytest

from gan_study.config.arms.arm import Arm
from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import parse_study
from gan_study.errors import InputError

TEXT = """\
name: small
dataset: {name: digits}
budget: {trials_per_arm: 4, total_kimg: 100, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
search_space: {g_lr: {log_uniform: [1e-3, 1e-2]}}
search: {objectives: [score, coverage], scheduler: none}
"""


def problems(*changes: tuple[str, str]) -> list[str]:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(InputError) as caught:
        parse_study(text, "x.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "median"])
def test_no_scheduler_goes_with_several(scheduler: str) -> None:
    (problem,) = problems(("scheduler: none", f"scheduler: {scheduler}"))
    assert problem.startswith("x.yaml:7:52: search.scheduler: a scheduler ranks trials by one value on the way")
    assert f"got scheduler={scheduler} with objectives=[score, coverage]; set scheduler: none" in problem


def test_the_default_scheduler_is_refused_too() -> None:
    (problem,) = problems((", scheduler: none", ""))
    assert "got scheduler=asha with objectives=[score, coverage]; set scheduler: none" in problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("scheduler: none", "scheduler: none, sampler: cmaes")], "cmaes ranks trials by one value"),
        ([("[score, coverage]", "[coverage, score]")], "the score is the first objective"),
        ([("[score, coverage]", "[score, coverage, coverage]")], "each objective may appear once"),
        ([("[score, coverage]", "[]")], "search.objectives"),
        ([("[score, coverage]", "[score, kid]")], "kid"),
        ([("total_kimg: 100", "device_sec: 9"), ("coverage", "device_sec")], "gives every training the same seconds"),
    ],
)
def test_what_is_refused(changes: list[tuple[str, str]], words: str) -> None:
    (problem,) = problems(*changes)
    assert words in problem


def test_the_plan_names_them_and_what_is_confirmed() -> None:
    shown = " ".join(format_plan(plan_study(parse_study(TEXT, "x.yaml"))).split())
    assert "weighing score (lower is better), coverage at a trial's end (higher is better); a Pareto front" in shown
    assert "weighing" not in format_plan(
        plan_study(parse_study(TEXT.replace("[score, coverage]", "[score]"), "x.yaml"))
    )


def test_trials_measure_coverage_only_where_it_is_an_objective() -> None:
    from gan_study.config.arms.trial_configs import search_trial_config

    for text, wanted in ((TEXT, True), (TEXT.replace("[score, coverage]", "[score, device_sec]"), False)):
        config = search_trial_config(Arm(parse_study(text, "x.yaml"), "lsgan"), 0, {"g_lr": 2e-3}, 1000)
        assert config.measure_coverage is wanted
