"""A search in a fixed order: the same at any number of trials at once, whatever ends first, and after interruptions."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import FAILURE_SCORE, OBJECTIVE, Ends, World, make_study

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.config.reading.load import dump_study, parse_study
from gan_study.config.search.defaults import with_search_defaults
from gan_study.config.search.order import chances_in_repeating, most_searched_at_once, search_lag
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.report.tables.trials_csv import trials_csv
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState

NUM_TRIALS = 9
ENDS: Ends = {("lsgan", "search_001"): TrialState.DIVERGED, ("wgan", "search_000"): TrialState.STOPPED}
SAMPLERS: list[dict[str, Any]] = [
    {"sampler": "tpe", "scheduler": "asha", "startup_trials": 2, "reduction_factor": 2},
    {"sampler": "tpe", "scheduler": "asha", "startup_trials": 2, "reduction_factor": 2, "lag": 4},
    {"sampler": "tpe", "scheduler": "hyperband", "startup_trials": 2, "reduction_factor": 2, "repeats": 2},
    {"sampler": "cmaes", "scheduler": "median", "min_completed_trials": 2},
    {"sampler": "random", "scheduler": "asha", "reduction_factor": 2},
    {"sampler": "sobol", "scheduler": "none"},
    {"sampler": "tpe", "scheduler": "pbt"},
    {"sampler": "tpe", "scheduler": "none", "startup_trials": 2, "objectives": ["score", "coverage"]},
]


def study_of(search: dict[str, Any], **changes: Any) -> StudyConfig:
    budget = {"trials_per_arm": NUM_TRIALS, "total_kimg": 6, "evaluate_every_kimg": 1}
    sections = {"search": search | {"seed": 3}, "budget": budget, "confirm": {"top_k": 1, "seeds": 2}}
    return with_search_defaults(make_study(**sections | changes))


def score(config: TrialConfig, cur_nimg: int) -> float:
    """Learning rates far from 1e-3 are bad at once; the seed decides the rest."""
    distance = abs(math.log10(config.training.g_lr) + 3)
    luck = random.Random(f"{config.training.seed} {cur_nimg}").uniform(0.9, 1.1)
    return luck * (20 + 30 * distance + 100 * math.exp(-cur_nimg / 1000))


def world_of(place: Path, study: StudyConfig, at_once: int, chance: random.Random | None) -> World:
    world = World(study, RunFolder(str(place)), score, ENDS, at_once, chance=chance)
    if len(study.search.objectives) > 1:
        world.coverages = [0.1 * (index % 7) for index in range(NUM_TRIALS)]
    world.folder.write_study_text(dump_study(study))
    world.folder.write_objective(OBJECTIVE.model_copy(update={"failure_score": FAILURE_SCORE}))
    return world


def outcome(world: World) -> dict[str, Any]:
    """Everything that the study's files say about its trials, and its summary."""
    trials = [world.folder.trial(arm, name) for arm in world.folder.arms() for name in world.folder.trials(arm)]
    run = load_run(world.folder)
    return {
        "ended": world.ended(),
        "evaluations": [trial.read_evaluations() for trial in trials],
        "summary.json": summarise(run).to_json(),
        "trials.csv": trials_csv(run),
        "optuna": [(t.params, t.state, t.values) for arm in world.study.arms for t in world.optuna_trials(arm)]
        if world.study.search.repeats == 1 and world.study.search.scheduler != "pbt"
        else [],
    }


def run_with_kills(place: Path, study: StudyConfig, at_once: int, chance: random.Random) -> World:
    """Run a study whose command is killed again and again, and resumed with another number of trials at once."""
    world = world_of(place, study, at_once, chance)
    num_kills = 0
    while True:
        director = world.run(stop_after=chance.randint(1, 60), lose_last=chance.random() < 0.5)
        if director.finished:
            assert num_kills > 1
            return world
        num_kills += 1
        world.max_concurrent_trials = chance.choice([1, 2, 4, 16])


@pytest.mark.parametrize("search", SAMPLERS, ids=lambda search: "-".join(str(v) for v in search.values()))
def test_a_study_repeats_itself_at_any_number_of_trials_at_once(tmp_path: Path, search: dict[str, Any]) -> None:
    study = study_of(search, refine={"trials_per_arm": 0 if search["scheduler"] == "pbt" else 4})
    alone = world_of(tmp_path / "alone", study, 1, None)
    alone.run()
    expected = outcome(alone)
    assert {state for _, _, state in expected["ended"].values()} >= {"completed", "diverged", "stopped"}
    for number, at_once in enumerate((2, 4, 16)):
        world = world_of(tmp_path / f"{at_once}_{number}", study, at_once, random.Random(number))
        world.run()
        assert outcome(world) == expected, f"{at_once} at once"
        if search["scheduler"] == "asha":
            assert world.most_at_once == min(at_once, most_searched_at_once(study) or at_once)
        killed = run_with_kills(tmp_path / f"killed_{number}", study, at_once, random.Random(number))
        assert outcome(killed) == expected, f"killed, {at_once} at once"


def test_a_free_order_depends_on_what_ends_first(tmp_path: Path) -> None:
    """The test above could not fail if this one did not pass."""
    study = study_of(SAMPLERS[0] | {"order": "free"})
    found = []
    for number in range(4):
        world = world_of(tmp_path / str(number), study, 4, random.Random(number))
        world.run()
        found.append(world.ended())
    assert any(other != found[0] for other in found[1:])


@pytest.mark.parametrize("search", SAMPLERS[:1] + SAMPLERS[3:5], ids=lambda search: search["sampler"])
def test_an_extended_study_equals_one_planned_so(tmp_path: Path, search: dict[str, Any]) -> None:
    short = study_of(search, confirm={"top_k": 0})
    world = world_of(tmp_path / "extended", short, 4, random.Random(1))
    world.run()
    budget = short.budget.model_copy(update={"trials_per_arm": 2 * NUM_TRIALS})
    world.study = with_search_defaults(short.model_copy(update={"budget": budget}), short)
    assert world.study.search == short.search
    world.run()
    planned = world_of(tmp_path / "planned", world.study, 2, random.Random(2))
    planned.run()
    assert world.ended() == planned.ended()
    assert [t.params for t in world.optuna_trials("wgan")] == [t.params for t in planned.optuna_trials("wgan")]


def test_a_trial_begins_once_those_have_ended_that_it_knows(tmp_path: Path) -> None:
    study = study_of(SAMPLERS[1])
    director = world_of(tmp_path, study, 16, None).make_director()
    first = [director.next_trial() for _ in range(9)]
    assert [config.index for config in first if config is not None and config.arm == "lsgan"] == [0, 1, 2, 3]
    assert first[8] is None
    director.receive_progress(("lsgan", "search_001"), TrialState.DIVERGED, None)
    assert director.next_trial() is None
    director.receive_progress(("lsgan", "search_000"), TrialState.DIVERGED, None)
    following = [director.next_trial() for _ in range(3)]
    assert [config and (config.arm, config.index) for config in following] == [("lsgan", 4), ("lsgan", 5), None]


@pytest.mark.parametrize(
    ("search", "lag", "at_once", "repeats"),
    [
        ({"sampler": "tpe", "scheduler": "asha"}, 2, 4, True),
        ({"sampler": "tpe", "scheduler": "none", "lag": 1}, 1, 2, True),
        ({"sampler": "random", "scheduler": "asha", "repeats": 3}, 2, 12, True),
        ({"sampler": "random", "scheduler": "none"}, None, None, True),
        ({"sampler": "tpe", "scheduler": "pbt"}, NUM_TRIALS, None, True),
        ({"sampler": "tpe", "scheduler": "asha", "order": "free"}, None, None, False),
        ({"sampler": "random", "scheduler": "none", "order": "free"}, None, None, True),
        ({"sampler": "tpe", "scheduler": "none", "objectives": ["score", "device_sec"]}, 2, 4, False),
    ],
)
def test_what_a_search_waits_for(search: dict[str, Any], lag: int | None, at_once: int | None, repeats: bool) -> None:
    study = study_of(search)
    assert search_lag(study) == lag
    assert most_searched_at_once(study) == at_once
    assert (not chances_in_repeating(study)) == repeats


@pytest.mark.parametrize(("num", "lag"), [(1, 2), (12, 2), (24, 3), (64, 8), (1000, 125)])
def test_the_default_lag_is_an_eighth_of_the_trials(num: int, lag: int) -> None:
    budget = {"trials_per_arm": num, "total_kimg": 6, "evaluate_every_kimg": 1}
    assert search_lag(make_study(search={"sampler": "tpe"}, budget=budget)) == lag


def test_a_run_folder_of_a_version_without_orders_stays_free() -> None:
    text = dump_study(study_of({"sampler": "tpe", "scheduler": "asha"}))
    older = "".join(line for line in text.splitlines(True) if "order:" not in line and "lag:" not in line)
    assert parse_study(older, "study.yaml", is_begun=True).search.order == "free"
    assert parse_study(text, "study.yaml", is_begun=True).search.order == "fixed"
    begun = parse_study(older, "study.yaml", is_begun=True)
    assert with_search_defaults(parse_study(older, "new.yaml"), begun).search.order == "free"
    assert with_search_defaults(parse_study(text, "new.yaml"), begun).search.order == "fixed"
