"""A finished study is extended: its trials stay, and the further ones are as if all had been planned from the start."""

from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import OBJECTIVE, Score, World, make_study

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.load_run import load_run
from gan_study.cli.terminal.live import arm_rows
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.remaining_time import num_planned

RANDOM = {"sampler": "random", "scheduler": "none"}
TPE = {"sampler": "tpe", "scheduler": "none", "startup_trials": 2}


def by_rate(config: TrialConfig, cur_nimg: int) -> float:
    return 10 + 1000 * config.training.g_lr


def budget(trials: int) -> dict[str, Any]:
    return {"trials_per_arm": trials, "total_kimg": 2, "evaluate_every_kimg": 1}


def make_world(place: Path, score: Score = by_rate, **changes: Any) -> World:
    folder = RunFolder(str(place))
    study = make_study(**({"search": RANDOM, "confirm": {"top_k": 1, "seeds": 2}} | changes))
    folder.write_study_text(study.model_dump_json())
    folder.write_objective(OBJECTIVE)
    return World(study, folder, score)


def extend(world: World, **changes: Any) -> set[tuple[str, str]]:
    """Continue the folder with another study; return the trials that were started for it."""
    written = {path: path.read_bytes() for path in world.folder.storage.local_path("arms").rglob("*") if path.is_file()}
    extended = make_world(world.folder.storage.local_path(""), world.score, **changes)
    extended.run()
    world.study = extended.study
    assert {path: path.read_bytes() for path in written} == written, "a finished trial was touched"
    return set(extended.started)


@pytest.mark.parametrize("search", [RANDOM, TPE])
def test_more_trials_are_those_of_a_study_that_was_longer_from_the_start(
    tmp_path: Path, search: dict[str, Any]
) -> None:
    longer = make_world(tmp_path / "longer", budget=budget(7), search=search)
    longer.run()
    world = make_world(tmp_path / "extended", budget=budget(4), search=search)
    world.run()
    started = extend(world, budget=budget(7), search=search)
    searched = {key for key in started if key[1].startswith("search")}
    assert searched == {(arm, f"search_00{i}") for arm in ("lsgan", "wgan") for i in (4, 5, 6)}
    ended = world.ended()
    assert {key: value for key, value in ended.items() if key in longer.ended()} == longer.ended()


def test_an_interrupted_study_is_extended(tmp_path: Path) -> None:
    longer = make_world(tmp_path / "longer", budget=budget(5))
    longer.run()
    world = make_world(tmp_path / "extended", budget=budget(3))
    world.run(stop_after=7)
    extended = make_world(tmp_path / "extended", budget=budget(5))
    extended.run()
    assert extended.ended() == longer.ended()


def test_a_new_arm_gets_the_budget_of_the_others(tmp_path: Path) -> None:
    world = make_world(tmp_path, budget=budget(3))
    world.run()
    arms = {
        "hinge": {"network": "dcgan", "loss": "hinge"},
        **world.study.model_dump(exclude_unset=True, mode="json")["arms"],
    }
    started = extend(world, budget=budget(3), arms=arms)
    assert {arm for arm, _ in started} == {"hinge"}
    assert sorted(name[:7] for _, name in started) == ["confirm"] * 2 + ["search_"] * 3


def test_more_seeds_and_more_configurations(tmp_path: Path) -> None:
    world = make_world(tmp_path, budget=budget(3))
    world.run()
    (first,) = {name.split("_seed")[0] for (arm, name) in world.ended() if arm == "wgan" and name.startswith("confirm")}
    started = extend(world, budget=budget(3), confirm={"top_k": 2, "seeds": 4})
    mine = sorted(name for arm, name in started if arm == "wgan")
    assert [name for name in mine if name.startswith(first)] == [f"{first}_seed_2", f"{first}_seed_3"]
    assert len(mine) == 2 + 4
    configs = [world.folder.trial("wgan", name).read_config() for name in world.folder.trials("wgan")]
    confirmed = [c for c in configs if c is not None and c.phase == "confirm"]
    assert sorted(c.index for c in confirmed) == list(range(8))
    for source in {c.source for c in confirmed}:
        assert len({c.training.seed for c in confirmed if c.source == source}) == 4


def test_a_new_best_is_confirmed_and_stands_for_the_arm(tmp_path: Path) -> None:
    """The fifth trial is the best of all, though its fresh seeds score worse than those of the former best."""

    def score(config: TrialConfig, cur_nimg: int) -> float:
        if config.phase == "confirm":
            return 50.0 if config.source == "search_004" else 20.0
        return [30.0, 10.0, 40.0, 35.0, 5.0][config.index]

    world = make_world(tmp_path, score, budget=budget(4))
    world.run()
    before = confirmed_arms(load_run(world.folder))["lsgan"]
    assert (before.source, before.counted, before.superseded) == ("search_001", (20.0, 20.0), ())

    started = extend(world, budget=budget(5))
    assert {name for arm, name in started if arm == "lsgan"} == {
        "search_004",
        "confirm_004_seed_0",
        "confirm_004_seed_1",
    }
    after = confirmed_arms(load_run(world.folder))["lsgan"]
    assert (after.source, after.search_score, after.counted) == ("search_004", 5.0, (50.0, 50.0))
    assert [t.name for t in after.superseded] == ["confirm_001_seed_0", "confirm_001_seed_1"]
    assert after.num_configurations == 1


def test_the_former_best_stands_until_the_new_one_has_a_seed(tmp_path: Path) -> None:
    def score(config: TrialConfig, cur_nimg: int) -> float:
        return 20.0 if config.phase == "confirm" else 10.0 - config.index

    world = make_world(tmp_path, score, budget=budget(2))
    world.run()
    extended = make_world(tmp_path, score, budget=budget(3))
    director = extended.make_director()
    while (config := director.next_trial()) is not None and config.phase == "search":
        for state, evaluation in extended.train_trial(config):
            director.receive_progress((config.arm, config.name), state, evaluation)
    run = load_run(world.folder)
    assert run.study.budget.trials_per_arm == 3
    assert confirmed_arms(run)["lsgan"].source == "search_001"
    assert config is not None
    assert config.source == "search_002"


REPEATED = {**RANDOM, "repeats": 3}


def test_every_repeat_is_a_search_of_its_own(tmp_path: Path) -> None:
    world = make_world(tmp_path, budget=budget(3), search=REPEATED)
    world.run()
    names = ["search_000", "search_r1_000", "search_r2_000", "search_001"]
    assert [name for arm, name in world.started if arm == "lsgan"][:4] == names
    ended = {key: value for key, value in world.ended().items() if key[1].startswith("search")}
    assert len(ended) == 2 * 3 * 3
    seeds = [seed for (arm, _), (_, seed, _) in ended.items() if arm == "wgan"]
    assert len(set(seeds)) == 9
    first = [ended["wgan", f"search_{r}000"][0] for r in ("", "r1_", "r2_")]
    assert first[0] == first[1] == first[2]  # the paper's values
    second = [tuple(ended["wgan", f"search_{r}001"][0].values()) for r in ("", "r1_", "r2_")]
    assert len(set(second)) == 3
    for repeat in ("", "/repeat_1", "/repeat_2"):
        reported = world.optuna_trials(f"lsgan{repeat}")
        assert [t.user_attrs["index"] for t in reported] == [0, 1, 2]
        assert all(t.state.is_finished() for t in reported)


def test_a_repeat_does_not_learn_from_another(tmp_path: Path) -> None:
    """The first of several repeats is the search without repeats."""
    search = {**TPE, "startup_trials": 1}
    alone = make_world(tmp_path / "alone", budget=budget(5), search=search)
    alone.run()
    repeated = make_world(tmp_path / "repeated", budget=budget(5), search={**search, "repeats": 2})
    repeated.run()
    for arm in ("lsgan", "wgan"):
        for index in range(5):
            key = (arm, f"search_00{index}")
            assert repeated.ended()[key] == alone.ended()[key]


def test_the_best_over_all_repeats_is_confirmed(tmp_path: Path) -> None:
    def score(config: TrialConfig, cur_nimg: int) -> float:
        return 10.0 - config.repeat + config.index

    world = make_world(tmp_path, score, budget=budget(2), search=REPEATED)
    director = world.run()
    confirmed = [name for arm, name in world.started if arm == "lsgan" and name.startswith("confirm")]
    assert confirmed == ["confirm_r2_000_seed_0", "confirm_r2_000_seed_1"]
    config = world.folder.trial("lsgan", confirmed[0]).read_config()
    assert config is not None
    assert (config.source, config.repeat, config.phase) == ("search_r2_000", 2, "confirm")
    assert [t.config.name for t in director.agenda.best("lsgan")][:3] == [
        "search_r2_000",
        "search_r1_000",
        "search_r2_001",
    ]
    assert confirmed_arms(load_run(world.folder))["lsgan"].search_score == 8.0
    planned = {(row.arm, row.phase): row.num_trials for row in arm_rows(director)}
    assert planned["lsgan", "search"] == 2 * 3


def test_an_interrupted_study_with_repeats_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    search = {
        "sampler": "tpe",
        "scheduler": "asha",
        "lag": 1,
        "reduction_factor": 2,
        "startup_trials": 2,
        "repeats": 2,
        "seed": 5,
    }
    undisturbed = make_world(tmp_path / "undisturbed", budget=budget(3), search=search)
    undisturbed.run()
    assert TrialState.STOPPED.value in {state for _, _, state in undisturbed.ended().values()}
    for killed_after in range(1, undisturbed.num_messages, 7):
        world = make_world(tmp_path / f"killed_{killed_after}", budget=budget(3), search=search)
        world.run(stop_after=killed_after)
        world.run()
        assert world.ended() == undisturbed.ended(), killed_after


def test_repeats_are_added(tmp_path: Path) -> None:
    world = make_world(tmp_path, budget=budget(3))
    world.run()
    started = {name for arm, name in extend(world, budget=budget(3), search={**RANDOM, "repeats": 2}) if arm == "lsgan"}
    assert {name for name in started if name.startswith("search")} == {f"search_r1_00{i}" for i in range(3)}


def test_no_more_trials_are_counted_than_there_are(tmp_path: Path) -> None:
    """A new best is confirmed beside the former one, whose seeds were trained already."""
    world = make_world(tmp_path, lambda config, cur_nimg: 10.0 - config.index, budget=budget(2))
    director = world.run()
    assert num_planned(director) == len(director.trials) == 2 * (2 + 2)
    longer = make_world(tmp_path, world.score, budget=budget(4))
    begun = longer.make_director()
    # For now the former best is the best, and its seeds are there.
    assert num_planned(begun) == 2 * (4 + 2)
    director = longer.run()
    assert num_planned(director) == len(director.trials) == 2 * (4 + 2 + 2)
    for row in arm_rows(director):
        assert sum(row.states.values()) == row.num_trials


def test_confirmations_added_to_a_folder_of_an_older_version_count_its_seeds_on(tmp_path: Path) -> None:
    search = RANDOM | {"seed": 3}
    world = make_world(tmp_path, search=search, confirm={"top_k": 1, "seeds": 1})
    world.run()
    for arm, name in world.ended():
        trial = world.folder.trial(arm, name)
        config = trial.read_config()
        if config is not None and config.phase == "confirm":
            training = config.training.model_copy(update={"seed": 100_003})
            trial.write_config(config.model_copy(update={"training": training}))
    extend(world, search=search, confirm={"top_k": 1, "seeds": 3})
    for arm in ("lsgan", "wgan"):
        seeds = [
            seed for (owner, name), (_, seed, _) in sorted(world.ended().items()) if owner == arm and "conf" in name
        ]
        assert seeds == [100_003, 100_004, 100_005]
