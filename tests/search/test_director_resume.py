"""A study that is killed and resumed: the run folder alone holds its state."""

from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import Ends, Score, World, make_evaluation, make_study

from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.director.director import Director

BUDGET = {"trials_per_arm": 4, "total_kimg": 2, "evaluate_every_kimg": 1}
SEARCH = {"scheduler": "asha", "reduction_factor": 2, "startup_trials": 1, "seed": 5, "lag": 1}
CONFIRM = {"top_k": 1, "seeds": 1}
ENDS: Ends = {("lsgan", "search_000"): TrialState.DIVERGED, ("wgan", "search_000"): TrialState.FAILED}


def score(config: TrialConfig, cur_nimg: int) -> float:
    """Bad learning rates are bad at once and become worse."""
    return 100 + abs(config.training.g_lr - 2e-3) * 20 * cur_nimg


def make_world(place: Path, sampler: str, at_once: int = 1, score: Score = score, **changes: Any) -> World:
    study = make_study(search=SEARCH | {"sampler": sampler}, budget=BUDGET, confirm=CONFIRM, **changes)
    return World(study, RunFolder(str(place)), score, ENDS, at_once)


@pytest.mark.parametrize("lose_last", [False, True])
@pytest.mark.parametrize(("sampler", "every"), [("tpe", 2), ("random", 5), ("sobol", 7), ("cmaes", 7)])
def test_an_interrupted_study_ends_like_an_undisturbed_one(
    tmp_path: Path, sampler: str, every: int, lose_last: bool
) -> None:
    """The study is killed after this many messages, before or after the director received the last of them."""
    undisturbed = make_world(tmp_path / "undisturbed", sampler)
    undisturbed.run()
    expected = undisturbed.ended()
    assert {state for _, _, state in expected.values()} == {"completed", "stopped", "diverged", "failed"}
    for killed_after in range(1 + lose_last, undisturbed.num_messages, every):
        world = make_world(tmp_path / f"killed_{killed_after}", sampler)
        world.run(stop_after=killed_after, lose_last=lose_last)
        before = {key for key, (_, _, state) in world.ended().items() if state != "running"}
        world.started.clear()
        world.run()
        assert world.ended() == expected, killed_after
        assert not before & set(world.started), "a finished trial was trained again"
        for arm in world.study.arms:
            assert [(t.params, t.state, t.value, t.intermediate_values) for t in world.optuna_trials(arm)] == [
                (t.params, t.state, t.value, t.intermediate_values) for t in undisturbed.optuna_trials(arm)
            ], killed_after


def test_random_samples_do_not_depend_on_interruptions_with_several_at_once(tmp_path: Path) -> None:
    undisturbed = make_world(tmp_path / "undisturbed", "random", at_once=3)
    undisturbed.run()
    for killed_after in range(1, undisturbed.num_messages, 5):
        world = make_world(tmp_path / f"killed_{killed_after}", "random", at_once=3)
        world.run(stop_after=killed_after)
        world.run()
        for key, (searched, seed, _) in undisturbed.ended().items():
            if key[1].startswith("search"):
                assert world.ended()[key][:2] == (searched, seed)
        reported = [trial.state for arm in world.study.arms for trial in world.optuna_trials(arm)]
        assert len(reported) == 8
        assert all(state.is_finished() for state in reported)


def test_a_stop_that_was_not_sent_is_made_up_for(tmp_path: Path) -> None:
    """The second trial of lsgan is worse than the first at the rung; the study dies before it can stop the trial."""
    study = make_study(search=SEARCH | {"sampler": "random"}, budget=BUDGET)
    world = World(study, RunFolder(str(tmp_path)), lambda config, cur_nimg: 10.0 + config.index)
    world.run(stop_after=8, lose_last=True)
    assert world.ended()["lsgan", "search_001"][2] == "running"
    director = world.make_director()
    assert director.trials["lsgan", "search_001"].state is TrialState.STOPPED
    assert world.ended()["lsgan", "search_001"][2] == "stopped"
    following = director.next_trial()
    assert following is not None
    assert (following.arm, following.name) == ("wgan", "search_001")


def test_a_resumed_study_reports_its_trials_to_optuna_again(tmp_path: Path) -> None:
    """With several trials at once, tpe would draw other values, because they are reported in another order."""
    world = make_world(tmp_path, "tpe", at_once=4)
    world.run()
    world.make_director()
    for arm in world.study.arms:
        for trial in world.optuna_trials(arm):
            assert trial.params == world.ended()[arm, f"search_{trial.user_attrs['index']:03d}"][0]


def test_unfinished_trials_go_first(tmp_path: Path) -> None:
    world = make_world(tmp_path, "random", at_once=2)
    world.run(stop_after=3)
    world.started.clear()
    director = world.make_director()
    assert [director.next_trial() is not None for _ in range(3)] == [True, True, False]
    assert [key for key, trial in director.trials.items() if trial.state is TrialState.RUNNING] == [
        ("lsgan", "search_000"),
        ("wgan", "search_000"),
    ]


def test_evaluations_after_the_checkpoint_are_forgotten(tmp_path: Path) -> None:
    world = make_world(tmp_path, "random")
    world.ends = {}
    world.run(stop_after=2)
    files = world.folder.trial("lsgan", "search_000")
    files.write_evaluations([*files.read_evaluations(), make_evaluation(1500, 1.0)])  # died before its checkpoint
    director = world.make_director()
    assert [e.cur_nimg for e in director.trials["lsgan", "search_000"].evaluations] == [0, 1000]
    (reported,) = world.optuna_trials("lsgan")
    assert list(reported.intermediate_values) == [0, 1000]
    world.run()
    assert [e.cur_nimg for e in files.read_evaluations()] == [0, 1000, 2000]


def test_a_trial_killed_before_its_first_checkpoint_starts_anew(tmp_path: Path) -> None:
    world = make_world(tmp_path, "random")
    director = world.make_director()
    config = director.next_trial()
    assert config is not None
    again = world.make_director().next_trial()
    assert again == config


def test_a_trial_that_was_removed_is_drawn_again(tmp_path: Path) -> None:
    world = make_world(tmp_path, "random")
    world.run()
    before = world.ended()
    world.folder.storage.delete_folder("arms/wgan/search_001")
    world.started.clear()
    world.run()
    assert world.started == [("wgan", "search_001")]
    assert world.ended()["wgan", "search_001"][:2] == before["wgan", "search_001"][:2]


def test_a_study_that_is_done_hands_out_nothing(tmp_path: Path) -> None:
    world = make_world(tmp_path, "tpe")
    world.run()
    director = world.make_director()
    assert director.finished
    assert director.next_trial() is None
    assert all(trial.state.is_finished() for trial in world.optuna_trials("wgan"))


def two_at_once(tmp_path: Path) -> World:
    """Two trials of one arm on their way to a rung that the better half passes, in a free order."""
    arms = {"lsgan": {"network": "dcgan", "loss": "least_squares"}}
    search = {**SEARCH, "sampler": "random", "order": "free"}
    study = make_study(search=search, budget=BUDGET | {"total_kimg": 4}, arms=arms)
    return World(study, RunFolder(str(tmp_path)), score, max_concurrent_trials=2)


def receive(world: World, director: Director, name: str, nimg: int, score: float) -> bool:
    """A trial writes an evaluation and its checkpoint, and the director receives it."""
    trial, evaluation = world.folder.trial("lsgan", name), make_evaluation(nimg, score)
    trial.write_evaluations([*trial.read_evaluations(), evaluation])
    trial.add_checkpoint(nimg, b"")
    trial.write_status(TrialStatus(state=TrialState.RUNNING))
    return director.receive_progress(("lsgan", name), TrialState.RUNNING, evaluation)


def test_a_trial_that_was_allowed_to_go_on_stays_allowed(tmp_path: Path) -> None:
    """The second trial reached the rung first and was the best there; the first came later and was better."""
    world = two_at_once(tmp_path)
    director = world.make_director()
    director.next_trial(), director.next_trial()
    assert not receive(world, director, "search_001", 1000, 30.0)
    assert not receive(world, director, "search_000", 1000, 10.0)
    again = world.make_director()
    assert [trial.state for trial in again.trials.values()] == [TrialState.RUNNING] * 2
    assert world.folder.trial("lsgan", "search_001").checkpoint_nimgs() == [1000]
    # At the next rung both studies judge alike, because they remember who had come to the first one, and when.
    for each in (again, world.make_director()):
        each.next_trial(), each.next_trial()
    assert not receive(world, again, "search_001", 2000, 25.0)
    third = world.make_director()
    third.next_trial(), third.next_trial()
    assert receive(world, third, "search_000", 2000, 26.0)


def test_a_stop_that_was_not_sent_among_others_that_were(tmp_path: Path) -> None:
    world = two_at_once(tmp_path)
    director = world.make_director()
    director.next_trial(), director.next_trial()
    for name in ("search_000", "search_001"):
        receive(world, director, name, 0, 500.0)
    assert not receive(world, director, "search_001", 1000, 10.0)
    trial = world.folder.trial("lsgan", "search_000")  # The study dies before it receives this:
    trial.write_evaluations([*trial.read_evaluations(), make_evaluation(1000, 30.0)])
    trial.add_checkpoint(1000, b"")
    again = world.make_director()
    assert again.trials["lsgan", "search_000"].state is TrialState.STOPPED
    assert again.trials["lsgan", "search_001"].state is TrialState.RUNNING


def test_a_run_folder_of_a_version_that_kept_no_order_stops_nothing(tmp_path: Path) -> None:
    world = two_at_once(tmp_path)
    director = world.make_director()
    director.next_trial(), director.next_trial()
    receive(world, director, "search_001", 1000, 30.0)
    receive(world, director, "search_000", 1000, 10.0)
    for name in ("search_000", "search_001"):
        world.folder.trial("lsgan", name).storage.delete("heard.json")
    for _ in range(2):
        again = world.make_director()
        assert [trial.state for trial in again.trials.values()] == [TrialState.RUNNING] * 2


@pytest.mark.parametrize(("before", "now"), [(1, 0), (0, 1), (0, 0.5)])
def test_an_unfinished_trial_asks_for_the_gpus_that_there_are_now(tmp_path: Path, before: float, now: float) -> None:
    world = two_at_once(tmp_path)

    def resources(gpus: float) -> None:
        world.study = world.study.model_copy(
            update={"resources": world.study.resources.model_copy(update={"gpus_per_worker": gpus})}
        )

    resources(before)
    director = world.make_director()
    director.next_trial()
    receive(world, director, "search_000", 1000, 30.0)
    resources(now)
    config = world.make_director().next_trial()
    assert config is not None
    assert config.name == "search_000"
    assert config.workers.gpus_per_worker == now
    assert world.folder.trial("lsgan", "search_000").read_config() == config
