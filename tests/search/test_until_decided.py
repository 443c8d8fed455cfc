"""A confirmation adds seeds until it is decided: the same at any number of trials at once, and after interruptions."""

import random
from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import OBJECTIVE, Score, World, make_study

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.cli.extend import extend_study
from gan_study.cli.resume import shorten_study
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.search.director.remaining_time import num_planned


def luck_of(config: TrialConfig) -> float:
    return random.Random(f"{config.arm} {config.name}").uniform(0, 10)


def far(config: TrialConfig, cur_nimg: int) -> float:
    """The arms are so far apart that the first look tells them apart."""
    return luck_of(config) + (20 if config.arm == "wgan" else 0)


def near(config: TrialConfig, cur_nimg: int) -> float:
    """The arms overlap, but differ enough for a later look."""
    return luck_of(config) + (4 if config.arm == "wgan" else 0)


def equal(config: TrialConfig, cur_nimg: int) -> float:
    return luck_of(config)


def world_of(place: Path, score: Score, at_once: int = 1, chance: random.Random | None = None, **confirm: Any) -> World:
    sections = {"confirm": {"top_k": 1, "seeds": 5, "until_decided": {"max_seeds": 20}} | confirm}
    study = make_study(budget={"trials_per_arm": 2, "total_kimg": 2, "evaluate_every_kimg": 1}, **sections)
    world = World(study, RunFolder(str(place)), score, max_concurrent_trials=at_once, chance=chance)
    world.folder.write_study_text(dump_study(study))
    world.folder.write_objective(OBJECTIVE)
    return world


def outcome(world: World) -> dict[str, Any]:
    return {"ended": world.ended(), "summary.json": summarise(load_run(world.folder)).to_json()}


def num_confirmed(world: World) -> dict[str, int]:
    return {arm: sum(name.startswith("confirm_") for name in world.folder.trials(arm)) for arm in world.folder.arms()}


@pytest.mark.parametrize(("score", "seeds"), [(far, 5), (near, 15), (equal, 20)])
def test_seeds_are_added_until_one_arm_wins(tmp_path: Path, score: Score, seeds: int) -> None:
    world = world_of(tmp_path, score, at_once=4)
    director = world.run()
    assert num_confirmed(world) == {"lsgan": seeds, "wgan": seeds}
    assert num_planned(director) == 2 * (2 + seeds)
    looks = summarise(load_run(world.folder)).looks
    assert [look.seeds for look in looks] == [*range(5, seeds + 1, 5)]
    assert [look.is_decided for look in looks[:-1]] == [False] * (len(looks) - 1)
    assert looks[-1].is_decided == (score is not equal)


@pytest.mark.parametrize("confirm", [{}, {"top_k": 2, "seeds": 4}], ids=["one", "two configurations"])
def test_the_seeds_do_not_depend_on_which_training_ends_first(tmp_path: Path, confirm: dict[str, Any]) -> None:
    alone = world_of(tmp_path / "alone", near, **confirm)
    alone.run()
    expected = outcome(alone)
    for number, at_once in enumerate((2, 4, 16, 16)):
        world = world_of(tmp_path / f"{number}", near, at_once, random.Random(number), **confirm)
        world.run()
        assert outcome(world) == expected, f"{at_once} at once"
        killed = world_of(tmp_path / f"killed_{number}", near, at_once, random.Random(number), **confirm)
        num_kills = 0
        while not killed.run(stop_after=1 + 3 * number, lose_last=num_kills % 2 == 1).finished:
            num_kills += 1
        assert num_kills > 3
        assert outcome(killed) == expected, f"killed, {at_once} at once"


def test_no_seed_of_the_next_look_begins_before_the_last_of_this_one_has_ended(tmp_path: Path) -> None:
    world = world_of(tmp_path, equal, at_once=16)
    world.run()
    confirmed = [int(name.rpartition("_")[2]) // 5 for _, name in world.started if name.startswith("confirm_")]
    assert confirmed == sorted(confirmed)
    assert world.most_at_once == 10


def test_a_given_up_arm_is_not_waited_for(tmp_path: Path) -> None:
    world = world_of(tmp_path, equal)
    world.run(stop_after=30)
    assert 0 < num_confirmed(world)["wgan"] < 20
    shorten_study(world.folder, ["wgan"], False, [])
    before = num_confirmed(world)
    assert world.run().finished
    assert num_confirmed(world)["lsgan"] == max(5, before["lsgan"])


@pytest.mark.parametrize(
    ("change", "expected"), [("max_seeds=30", 30), ("max_seeds=25", 25)], ids=["whole steps", "a shorter step"]
)
def test_an_extended_study_equals_one_planned_so(tmp_path: Path, change: str, expected: int) -> None:
    world = world_of(tmp_path / "extended", equal, at_once=2)
    world.run()
    assert extend_study(world.folder, None, [f"confirm.until_decided.{change}"])
    world.study = parse_study(world.folder.read_study_text(), "study.yaml")
    world.run()
    planned = world_of(tmp_path / "planned", equal, until_decided={"max_seeds": expected})
    planned.run()
    assert world.ended() == planned.ended()
    assert num_confirmed(world) == {"lsgan": expected, "wgan": expected}


def test_a_study_with_fixed_seeds_may_go_on_until_decided(tmp_path: Path) -> None:
    world = world_of(tmp_path / "extended", near, until_decided=None)
    world.run()
    assert num_confirmed(world) == {"lsgan": 5, "wgan": 5}
    assert extend_study(world.folder, None, ["confirm.until_decided.max_seeds=20"])
    world.study = parse_study(world.folder.read_study_text(), "study.yaml")
    world.run()
    assert num_confirmed(world) == {"lsgan": 15, "wgan": 15}
    summary = summarise(load_run(world.folder))
    assert any("extended after its results could be seen" in note for note in summary.notes)


def test_the_most_seeds_can_be_lowered_while_a_study_is_interrupted(tmp_path: Path) -> None:
    world = world_of(tmp_path, equal)
    world.run(stop_after=3 * (4 + 2 * 10) + 4)
    assert num_confirmed(world)["lsgan"] > 10
    shorten_study(world.folder, [], False, ["confirm.until_decided.max_seeds=10"])
    world.study = parse_study(world.folder.read_study_text(), "study.yaml")
    assert world.run().finished
    summary = summarise(load_run(world.folder))
    assert [look.seeds for look in summary.looks] == [5, 10]
    assert summary.looks[-1].is_last
    (pair,) = summary.comparison.pairs
    assert (pair.test.num_a, pair.test.num_b) == (10, 10)


def test_failed_seeds_tie_and_count_as_worst(tmp_path: Path) -> None:
    def score(config: TrialConfig, cur_nimg: int) -> float | None:
        is_lost = config.phase == "confirm" and config.arm == "wgan"
        return None if is_lost else luck_of(config)

    world = world_of(tmp_path, score)
    world.run()
    (look,) = summarise(load_run(world.folder)).looks
    assert (look.seeds, look.leader, look.is_decided) == (5, "lsgan", True)
