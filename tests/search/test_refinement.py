"""The phase between search and confirmation: narrowed ranges, equal budgets, and the best over both."""

from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import Ends, World, make_study

from gan_study.analysis.load_run import load_run
from gan_study.config.reading.load import dump_study
from gan_study.config.space import contains, extremes
from gan_study.config.training import TrialConfig
from gan_study.report.tables.configuration_tables import arm_table
from gan_study.report.tables.trial_tables import leaderboard, state_table
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director

BUDGET = {"trials_per_arm": 4, "total_kimg": 2, "evaluate_every_kimg": 1}


def score(config: TrialConfig, cur_nimg: int) -> float:
    """A score that falls during training, and with the distance of g_lr to 2e-3 and of the width to 40."""
    return 500 - cur_nimg / 10 + 1e4 * abs(config.training.g_lr - 2e-3) + abs(config.training.network.width - 40)


def make_world(place: Path, sampler: str = "tpe", ends: Ends | None = None, **changes: Any) -> World:
    sections = {
        "search": {"sampler": sampler, "scheduler": "none"},
        "budget": BUDGET,
        "refine": {"trials_per_arm": 3, "keep": 2},
        "confirm": {"top_k": 2, "seeds": 1},
    }
    return World(make_study(**(sections | changes)), RunFolder(str(place)), score, ends or {})


def names(director: Director, arm: str, phase: str) -> list[str]:
    return [trial.config.name for trial in director.agenda.arm_trials(arm, phase)]


def test_every_arm_gets_as_many_trials_in_ranges_around_its_best(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    director = world.run()
    for arm in world.study.arms:
        assert names(director, arm, "refine") == ["refine_000", "refine_001", "refine_002"]
        record = world.folder.read_refinement(arm)
        assert record is not None
        search = [trial for trial in director.agenda.best(arm) if trial.config.phase == "search"]
        assert record.sources == tuple(trial.config.name for trial in search[:2])
        for trial in director.agenda.arm_trials(arm, "refine"):
            assert set(trial.config.searched) == set(record.ranges)
            assert all(contains(record.ranges[name], value) for name, value in trial.config.searched.items())
        lowest, highest = map(float, extremes(record.ranges["network.width"]))
        assert highest - lowest < 64 - 8
    phases = [name.partition("_")[0] for _, name in world.started]
    assert phases == ["search"] * 8 + ["refine"] * 6 + ["confirm"] * 4
    seeds = [t.config.training.seed for t in director.trials.values() if t.config.phase != "confirm"]
    assert seeds.count(50_001) == 2  # one in each arm, as the search's
    assert max(seeds.count(seed) for seed in seeds) == 2


def test_the_best_over_search_and_refinement_are_confirmed(tmp_path: Path) -> None:
    director = make_world(tmp_path).run()
    for arm in director.study.arms:
        found = director.agenda.arm_trials(arm, "search") + director.agenda.arm_trials(arm, "refine")
        best = sorted(found, key=lambda trial: trial.score or 0.0)[:2]
        assert {t.config.source for t in director.agenda.arm_trials(arm, "confirm")} == {t.config.name for t in best}
    # This world's refinement improves on its search.
    assert any(name.startswith("confirm_refine_") for name in names(director, "lsgan", "confirm"))


@pytest.mark.parametrize("sampler", ["tpe", "sobol", "cmaes"])
def test_an_interrupted_refinement_ends_like_an_undisturbed_one(tmp_path: Path, sampler: str) -> None:
    undisturbed = make_world(tmp_path / "undisturbed", sampler)
    undisturbed.run()
    expected = undisturbed.ended()
    for killed_after in range(22, undisturbed.num_messages, 5):
        world = make_world(tmp_path / f"killed_{killed_after}", sampler)
        world.run(stop_after=killed_after)
        world.run()
        assert world.ended() == expected, killed_after


def test_a_written_range_stands_whatever_the_search_says_now(tmp_path: Path) -> None:
    world = make_world(tmp_path, "random")
    world.run()
    before = world.folder.read_refinement("lsgan")
    world.folder.storage.delete_folder("arms/lsgan/refine_001")
    world.score = lambda config, cur_nimg: 10.0 * config.index
    world.run()
    assert world.folder.read_refinement("lsgan") == before


def test_an_arm_without_a_completed_trial_is_refined_in_its_whole_ranges(tmp_path: Path) -> None:
    ends = {("wgan", f"search_{index:03d}"): TrialState.DIVERGED for index in range(4)}
    world = make_world(tmp_path, ends=ends)
    director = world.run()
    record = world.folder.read_refinement("wgan")
    assert record is not None
    assert record.sources == ()
    assert extremes(record.ranges["g_lr"]) == (1e-5, 1e-2)
    assert len(director.agenda.arm_trials("wgan", "refine")) == 3
    assert len(director.agenda.arm_trials("wgan", "confirm")) == 2


def test_a_learning_sampler_goes_on_from_the_search(tmp_path: Path) -> None:
    """Its Optuna study holds the search trials within the narrowed ranges, and its own."""
    world = make_world(tmp_path)
    world.run()
    optuna_trials = world.optuna_trials("lsgan/refine")
    own = [trial for trial in optuna_trials if trial.user_attrs.get("phase") != "search"]
    assert [trial.user_attrs["index"] for trial in own] == [0, 1, 2]
    assert len(optuna_trials) - len(own) >= 2
    assert all(trial.state.is_finished() for trial in optuna_trials)


def test_the_report_shows_refined_trials_and_their_ranges(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.folder.write_study_text(dump_study(world.study))
    world.run()
    run = load_run(world.folder)
    assert [t.config.phase for t in run.trials_of_arm("lsgan")] == ["search"] * 4 + ["refine"] * 3 + ["confirm"] * 2
    assert {row[0] for row in leaderboard(run, "lsgan").rows} >= {"search_003", "refine_002"}
    assert [row[:2] for row in state_table(run).rows][:3] == [
        ("lsgan", "search"),
        ("lsgan", "refine"),
        ("lsgan", "confirm"),
    ]
    table = arm_table(run)
    assert table.columns[-1] == "Refined"
    record = world.folder.read_refinement("lsgan")
    assert record is not None
    assert f"(around {record.sources[0]}, {record.sources[1]})" in table.rows[0][-1]
