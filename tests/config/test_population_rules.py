"""Settings in conflict with population based training are reported when the study is read; its words in the plan."""

import pytest

from gan_study.config.plan.plan import plan_study
from gan_study.config.plan.plan_text import format_plan
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.errors import InputError

TEXT = """\
name: small
dataset: {name: digits}
budget: {trials_per_arm: 8, total_kimg: 40, evaluate_every_kimg: 5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
search_space: {g_lr: {log_uniform: [1e-3, 1e-2]}, network.width: {choice: [8, 16]}}
search: {scheduler: pbt, pbt: {interval_kimg: 10}}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("scheduler: pbt,", "scheduler: asha,", "pbt's settings belong to it, but got scheduler=asha"),
        ("interval_kimg: 10", "interval_kimg: 12", "got interval_kimg=12 with evaluate_every_kimg=5; give a multiple"),
        ("interval_kimg: 10", "interval_kimg: 2.5", "got interval_kimg=2.5 with evaluate_every_kimg=5"),
        ("interval_kimg: 10", "interval_kimg: 40", "must be compared before its trainings end"),
        ("interval_kimg: 10", "share: 0.6", "search.pbt.share"),
        ("interval_kimg: 10", "factors: [1.1, 1.2]", "one factor must be below 1 and the other above"),
        ("total_kimg: 40", "d_steps: 1000", "a population is compared at equal images, and ends at equal images"),
        ("total_kimg: 40", "device_sec: 100", "but got device_sec=100"),
        ("trials_per_arm: 8", "trials_per_arm: 1", "a population has at least two trials"),
        ("g_lr: {log_uniform: [1e-3, 1e-2]}, ", "", "arm lsgan searches none of lr, g_lr, d_lr, beta1, beta2"),
        ("search: {", "refine: {trials_per_arm: 2}\nsearch: {", "leave refine out"),
        ("scheduler: pbt,", "scheduler: pbt, repeats: 2,", "a population is searched once, but got repeats=2"),
        (
            "search: {",
            "diagnosis: {on_collapse: rollback}\nsearch: {",
            "but got on_collapse=rollback with scheduler=pbt",
        ),
        ("scheduler: pbt,", "scheduler: pbt, objectives: [score, coverage],", "a scheduler ranks trials by one value"),
    ],
)
def test_what_is_refused(old: str, new: str, words: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        parse_study(TEXT.replace(old, new), "x.yaml")
    (problem,) = str(caught.value).splitlines()
    assert words in problem


def test_the_plan_explains_it() -> None:
    shown = " ".join(format_plan(plan_study(parse_study(TEXT, "x.yaml"))).split())
    assert (
        "pbt: the 8 trials of an arm are one population, all drawn before any has ended; every 10 of 40 kimg the worst "
        "25 % continue as copies of the best, with a parent's whole configuration and weights but other g_lr "
        "(times 0.8 or 1.2, or drawn anew)"
    ) in shown


def test_its_settings_are_kept() -> None:
    study = parse_study(TEXT.replace("interval_kimg: 10", "factors: [0.5, 2.0], share: 0.5"), "x.yaml")
    again = parse_study(dump_study(study), "x.yaml")
    assert again.search == study.search
    assert again.search.pbt is not None
    assert again.search.pbt.factors == (0.5, 2.0)
