"""Population based training without Ray: the choice of copies, their content, and a kill in the middle."""

from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState as OptunaState
from support.scripted_world import Ends, World, make_study

from gan_study.config.training import TrialConfig
from gan_study.config.values.schedule import ScheduleEntry
from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.population import population
from gan_study.search.population.copies import copy_trial
from gan_study.search.population.rates import current_rates

ARM = {"lsgan": {"network": "dcgan", "loss": "least_squares"}}
SPACE = {
    "g_lr": {"log_uniform": [1e-5, 1e-2]},
    "beta1": {"uniform": [0.0, 0.9]},
    "beta2": {"choice": [0.9, 0.99, 0.999]},
    "network.width": {"integer": [8, 64]},
}
BUDGET = {"trials_per_arm": 8, "total_kimg": 4, "evaluate_every_kimg": 1}


def score(config: TrialConfig, cur_nimg: int) -> float:
    """A score that falls with the images and the trial's first index; a copy's changes matter a little."""
    return 1000 - 10 * config.training.seed - cur_nimg / 100 + 1e-3 * len(config.training.schedule)


def make_world(place: Path, ends: Ends | None = None, at_once: int = 1, **changes: Any) -> World:
    search = {"sampler": "random", "scheduler": "pbt", "first_trial": "sampled", **changes.pop("search", {})}
    settings = {"arms": ARM, "search_space": SPACE, "budget": BUDGET, "search": search} | changes
    return World(make_study(**settings), RunFolder(str(place)), score, ends or {}, at_once)


def configs(world: World) -> dict[tuple[str, str], TrialConfig]:
    found = {}
    for arm in world.folder.arms():
        for name in world.folder.trials(arm):
            config = world.folder.trial(arm, name).read_config()
            assert config is not None
            found[arm, name] = config
    return found


def test_the_worst_quarter_become_copies_of_the_best(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.run()
    generations = world.folder.read_generations("lsgan")
    assert [g.at_kimg for g in generations] == [1.0, 2.0, 3.0]  # none at the end
    first = generations[0]
    assert set(first.scores) == {f"search_00{i}" for i in range(8)}
    assert {c.child for c in first.copies} == {"search_000", "search_001"}
    assert {c.parent for c in first.copies} <= {"search_006", "search_007"}
    for copy in first.copies:
        assert copy.child_score is not None
        assert copy.parent_score < copy.child_score
        assert [nimg for nimg, _ in copy.given_up] == [0, 1000]
    assert all(state == "completed" for _, _, state in world.ended().values())


def test_a_copy_is_its_parent_s_training_with_other_rates(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.run()
    (copy, _) = world.folder.read_generations("lsgan")[0].copies
    child, parent = (configs(world)["lsgan", name] for name in (copy.child, copy.parent))
    first = child.training.schedule[0]
    assert first == copy.rates
    assert first.from_kimg == 1.0
    assert (first.d_lr, parent.training.d_lr) == (2e-4, 2e-4)  # not searched, so not changed
    assert child.training.seed == parent.training.seed
    assert child.searched == parent.searched != copy.replaced
    unlike = {"schedule": ()}
    assert child.training.model_copy(update=unlike) == parent.training.model_copy(update=unlike)
    assert (child.name, child.index) == (copy.child, int(copy.child[-3:]))
    assert copy in world.folder.trial("lsgan", copy.child).read_copies()


def rates_of(world: World) -> list[tuple[ScheduleEntry, ScheduleEntry | dict[str, float]]]:
    """Return every entry of a schedule with the rates before it."""
    found = []
    for config in configs(world).values():
        before: ScheduleEntry | dict[str, float] = current_rates(config.training.model_copy(update={"schedule": ()}))
        for entry in config.training.schedule:
            found.append((entry, before))
            before = entry
    return found


def held(before: ScheduleEntry | dict[str, float], name: str) -> float:
    value: float = before[name] if isinstance(before, dict) else getattr(before, name)
    return value


def test_rates_change_by_the_factors_and_stay_in_their_ranges(tmp_path: Path) -> None:
    world = make_world(tmp_path, search={"pbt": {"resample_probability": 0}})
    world.run()
    changes = rates_of(world)
    assert len(changes) > 5
    for entry, before in changes:
        wanted = [min(max(held(before, "g_lr") * factor, 1e-5), 1e-2) for factor in (0.8, 1.2)]
        assert entry.g_lr in [pytest.approx(value) for value in wanted]
        # A decay rate changes by its distance from 1.
        wanted = [min(max(1 - (1 - held(before, "beta1")) * factor, 0.0), 0.9) for factor in (0.8, 1.2)]
        assert entry.beta1 in [pytest.approx(value) for value in wanted]
        # A choice goes one step up or down, if there is one.
        values = [0.9, 0.99, 0.999]
        position = values.index(held(before, "beta2"))
        assert entry.beta2 in {values[max(0, position - 1)], values[min(2, position + 1)]}


def test_rates_can_be_drawn_anew(tmp_path: Path) -> None:
    world = make_world(tmp_path, search={"pbt": {"resample_probability": 1}})
    world.run()
    for entry, before in rates_of(world):
        assert 1e-5 <= entry.g_lr <= 1e-2
        assert entry.g_lr not in [pytest.approx(held(before, "g_lr") * factor) for factor in (0.8, 1, 1.2)]


def test_one_rate_for_both_networks_stays_one(tmp_path: Path) -> None:
    world = make_world(tmp_path, search_space={"lr": {"log_uniform": [1e-5, 1e-2]}})
    world.run()
    entries = [entry for entry, _ in rates_of(world)]
    assert entries
    assert all(entry.g_lr == entry.d_lr for entry in entries)


@pytest.mark.parametrize("at_once", [2, 3, 8])
def test_who_trains_beside_whom_changes_nothing(tmp_path: Path, at_once: int) -> None:
    alone, beside = make_world(tmp_path / "alone"), make_world(tmp_path / "beside", at_once=at_once)
    alone.run()
    beside.run()
    assert beside.most_at_once == at_once
    assert configs(beside) == configs(alone)
    assert beside.folder.read_generations("lsgan") == alone.folder.read_generations("lsgan")


ENDS: Ends = {("lsgan", "search_003"): TrialState.DIVERGED, ("lsgan", "search_004"): TrialState.FAILED}


@pytest.mark.parametrize("lose_last", [False, True])
@pytest.mark.parametrize("every", [3, 7])
def test_a_study_killed_again_and_again_ends_like_an_undisturbed_one(
    tmp_path: Path, every: int, lose_last: bool
) -> None:
    undisturbed = make_world(tmp_path / "undisturbed", ENDS, confirm={"top_k": 1, "seeds": 1})
    undisturbed.run()
    killed = make_world(tmp_path / "killed", ENDS, confirm={"top_k": 1, "seeds": 1})
    for _ in range(100):
        if killed.run(stop_after=every, lose_last=lose_last).finished:
            break
    killed.run()
    assert configs(killed) == configs(undisturbed)
    assert killed.ended() == undisturbed.ended()
    assert killed.folder.read_generations("lsgan") == undisturbed.folder.read_generations("lsgan")
    assert all(trial.state.is_finished() for trial in killed.optuna_trials("lsgan"))


def test_a_kill_in_the_middle_of_the_copying_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed, killed = make_world(tmp_path / "undisturbed"), make_world(tmp_path / "killed")
    undisturbed.run()
    calls = 0

    def copy_half(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        copy_trial(*arguments)
        if calls in (2, 3):  # all files of the second are there, its mark is not; then that happens once more
            raise StorageError("killed here")

    monkeypatch.setattr(population, "copy_trial", copy_half)
    for _ in range(2):
        with pytest.raises(StorageError, match="killed here"):
            killed.run()
    killed.run()
    assert configs(killed) == configs(undisturbed)
    assert killed.folder.read_generations("lsgan") == undisturbed.folder.read_generations("lsgan")
    child = killed.folder.read_generations("lsgan")[0].copies[1].child
    assert len([c for c in killed.folder.trial("lsgan", child).read_copies() if c.at_kimg == 1.0]) == 1


def test_optuna_receives_replaced_trainings_and_the_ends_of_copies(tmp_path: Path) -> None:
    world = make_world(tmp_path, ENDS)
    world.run()
    copies = [c for g in world.folder.read_generations("lsgan") for c in g.copies]

    def reported() -> list[tuple[str, Any, Any]]:
        return sorted(
            (trial.state.name, trial.params["g_lr"], tuple(trial.intermediate_values.items()))
            for trial in world.optuna_trials("lsgan")
        )

    live = reported()
    by_state = [state for state, _, _ in live]
    assert by_state.count(OptunaState.PRUNED.name) == len(copies)
    assert by_state.count(OptunaState.COMPLETE.name) == 8  # the diverged and the failed one among them
    assert len(live) == 8 + len(copies)
    for copy in copies:
        assert (OptunaState.PRUNED.name, copy.replaced["g_lr"], copy.given_up) in live
    world.make_director()
    assert reported() == live


def test_a_trial_that_ended_is_no_part_of_a_comparison(tmp_path: Path) -> None:
    world = make_world(tmp_path, {("lsgan", "search_007"): TrialState.DIVERGED})
    world.run()
    _, second, third = world.folder.read_generations("lsgan")
    assert "search_007" in second.scores  # it diverges after its evaluation at half of the budget
    assert set(third.scores) == {f"search_00{i}" for i in range(7)}
    status = world.folder.trial("lsgan", "search_007").read_status()
    assert status is not None
    assert status.state is TrialState.DIVERGED


def test_a_trial_without_a_score_is_the_worst_and_no_parent(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.score = lambda config, cur_nimg: None if config.training.seed == 7 and cur_nimg else score(config, cur_nimg)
    world.run()
    first = world.folder.read_generations("lsgan")[0]
    assert {c.child for c in first.copies} == {"search_007", "search_000"}
    assert "search_007" not in {c.parent for c in first.copies}


def test_what_is_confirmed_is_the_best_schedule_with_fresh_seeds(tmp_path: Path) -> None:
    world = make_world(tmp_path, confirm={"top_k": 1, "seeds": 2})
    world.score = lambda config, cur_nimg: score(config, cur_nimg) - 100 * len(config.training.schedule)
    director = world.run()
    best = director.agenda.best("lsgan")[0].config
    assert best.training.schedule
    confirmed = [trial.config for trial in director.agenda.arm_trials("lsgan", "confirm")]
    assert len(confirmed) == 2
    for config in confirmed:
        assert config.training.schedule == best.training.schedule
        assert config.training.seed not in range(8)
        assert not world.folder.trial("lsgan", config.name).read_copies()


def test_waiting_is_no_restart(tmp_path: Path) -> None:
    world = make_world(tmp_path, at_once=2)
    world.run(stop_after=5)
    waiting = [world.folder.trial("lsgan", name).read_status() for name in world.folder.trials("lsgan")]
    paused = [status for status in waiting if status is not None and status.is_paused]
    assert paused
    assert all(status.state is TrialState.RUNNING and status.pid is None for status in paused)


def test_two_arms_have_two_populations(tmp_path: Path) -> None:
    arms = {**ARM, "ns": {"network": "dcgan", "loss": "non_saturating"}}
    world = make_world(tmp_path, arms=arms, at_once=2)
    world.run()
    for arm in arms:
        names = set(world.folder.trials(arm))
        for generation in world.folder.read_generations(arm):
            assert {name for c in generation.copies for name in (c.child, c.parent)} <= names
    assert {config.training.loss for (arm, _), config in configs(world).items() if arm == "ns"} == {"non_saturating"}
