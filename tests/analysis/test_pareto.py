"""Pareto fronts against the definition, checked pair by pair, and over what a run folder holds."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.pareto_run import OBJECTIVES, write_run
from support.present import present
from support.synthetic_run import RUNNING, Outcome, write_synthetic_run

from gan_study.analysis.load_run import load_run
from gan_study.analysis.statistics.pareto import pareto_front, summarise_pareto
from gan_study.analysis.summary import Summary, summarise


def by_definition(values: Sequence[dict[str, float]]) -> tuple[int, ...]:
    """Those for which no other is better in one and at least as good in all; score and seconds go down."""

    def better(one: dict[str, float], other: dict[str, float]) -> bool:
        pairs = [(-one[n], -other[n]) if n == "coverage" else (one[n], other[n]) for n in one]
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    return tuple(i for i, own in enumerate(values) if not any(better(other, own) for other in values))


@pytest.mark.parametrize("names", [("score", "coverage"), ("score", "device_sec"), ("score", "coverage", "device_sec")])
def test_a_front_is_what_the_definition_says(names: tuple[str, ...]) -> None:
    draw = random.Random(0)
    for num in (0, 1, 2, 5, 40):
        for _ in range(20):
            values = [{name: draw.randint(0, 8) / 8 for name in names} for _ in range(num)]
            assert pareto_front(values) == by_definition(values)


def test_equal_trials_stand_on_a_front_together() -> None:
    assert pareto_front([{"score": 1.0, "coverage": 0.5}] * 2 + [{"score": 1.0, "coverage": 0.4}]) == (0, 1)


def test_fronts_of_each_arm_and_over_arms(tmp_path: Path) -> None:
    pareto = present(summarise_pareto(load_run(write_run(tmp_path))))
    assert pareto.objectives == ("score", "coverage")
    assert pareto.directions == ("minimise", "maximise")
    fronts = {
        arm: [(p.trial, round(p.values["score"], 5), p.values["coverage"]) for p in front]
        for arm, front in pareto.arms.items()
    }
    assert fronts == {
        "lsgan": [
            ("search_003", 5.0, 0.3), ("search_000", 10.0, 0.5),
            ("search_001", 30.0, 0.9),
        ],
        "wgan": [("search_004", 6.0, 0.2), ("search_000", 50.0, 0.95)],
    }  # fmt: skip
    assert [(p.arm, p.trial) for p in pareto.overall] == [
        ("lsgan", "search_003"), ("lsgan", "search_000"), ("lsgan", "search_001"), ("wgan", "search_000"),
    ]  # fmt: skip
    # wgan's third has no coverage, its fourth diverged.
    assert pareto.num_left_out == 2


def test_the_fronts_are_in_the_summary(tmp_path: Path) -> None:
    summary = summarise(load_run(write_run(tmp_path)))
    assert summary.pareto is not None
    again = Summary.from_json(summary.to_json())
    assert again.pareto == summary.pareto


def test_one_objective_has_no_front(tmp_path: Path) -> None:
    assert summarise(load_run(write_synthetic_run(str(tmp_path)))).pareto is None


def test_a_running_trial_is_not_counted(tmp_path: Path) -> None:
    search = {"lsgan": (Outcome(RUNNING, 5.0),)}
    folder = write_synthetic_run(str(tmp_path), search=search, confirm={}, study=OBJECTIVES)
    pareto = present(summarise_pareto(load_run(folder)))
    assert (pareto.arms["lsgan"], pareto.overall, pareto.num_left_out) == ((), (), 0)
