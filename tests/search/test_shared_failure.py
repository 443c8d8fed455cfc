"""A failure that all trials share ends the study, says why once, and counts against no arm."""

from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import World, make_evaluation, make_study

from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director

NO_CONNECTION = (
    "RuntimeError: Gloo connectFullMesh failed with [/pytorch/gloo/pair.cc:144] Connection refused, "
    "remote=[127.0.0.1]:{}"
)
OUT_OF_MEMORY = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {}.00 MiB."
ONE_ARM = {"lsgan": {"network": "dcgan", "loss": "least_squares"}}


def make_world(place: Path, at_once: int = 1, **changes: Any) -> World:
    return World(make_study(**changes), RunFolder(str(place)), lambda *_: 10.0, max_concurrent_trials=at_once)


def start(director: Director, num: int = 1) -> list[tuple[str, str]]:
    """Start the next trials; their keys."""
    configs = [director.next_trial() for _ in range(num)]
    return [(config.arm, config.name) for config in configs if config is not None]


def fail_next(director: Director, reason: str) -> tuple[str, str]:
    (key,) = start(director)
    director.receive_failure(key, reason)
    return key


def train_next(director: Director) -> tuple[str, str]:
    (key,) = start(director)
    director.receive_progress(key, TrialState.COMPLETED, make_evaluation(4000, 10.0))
    return key


def assert_aborted(director: Director) -> str:
    assert director.finished
    assert director.next_trial() is None
    assert director.abort_reason is not None
    return director.abort_reason


@pytest.mark.parametrize("reason", [NO_CONNECTION, OUT_OF_MEMORY, "ValueError: the process {} is wrong"])
def test_the_second_trial_that_fails_alike_ends_the_study_before_any_has_trained(tmp_path: Path, reason: str) -> None:
    world = make_world(tmp_path)
    director = world.make_director()
    keys = [fail_next(director, reason.format(number)) for number in (30123, 9)]
    assert [arm for arm, _ in keys] == ["lsgan", "wgan"]
    text = assert_aborted(director)
    assert text.startswith(f"{tmp_path}: trials must be able to train, but got the same failure from lsgan/search_000 ")
    assert text.count(reason.format(9)) == 1
    assert [t.failure for t in director.failed] == [reason.format(30123)]  # The message tells the other.
    assert {trial.state for trial in director.trials.values()} == {TrialState.RUNNING}
    assert all(world.folder.trial(*key).read_status() is None for key in keys)


def test_no_arm_is_charged_when_the_cause_is_gone(tmp_path: Path) -> None:
    undisturbed, world = make_world(tmp_path / "undisturbed"), make_world(tmp_path / "run")
    undisturbed.run()
    director = world.make_director()
    for number in (1, 2):
        fail_next(director, NO_CONNECTION.format(number))
    world.run()
    assert world.ended() == undisturbed.ended()
    for arm in world.study.arms:
        assert [t.values for t in world.optuna_trials(arm)] == [t.values for t in undisturbed.optuna_trials(arm)]


def test_one_arm_alone_may_be_unable_to_train(tmp_path: Path) -> None:
    """The other arm's first trial has only not got as far yet."""
    world = make_world(tmp_path, at_once=4)
    director = world.make_director()
    lsgan, wgan, *_ = keys = start(director, 4)
    for key in keys:
        if key[0] == lsgan[0]:
            director.receive_failure(key, "ValueError: no such layer")
    assert director.abort_reason is None
    assert director.trials[lsgan].state is TrialState.RUNNING
    director.receive_progress(wgan, TrialState.RUNNING, make_evaluation(0, 500.0))
    assert director.trials[lsgan].state is TrialState.RUNNING  # The untrained generator of wgan shows nothing.
    director.receive_progress(wgan, TrialState.RUNNING, make_evaluation(1000, 20.0))
    states = {key: director.trials[key].state for key in keys}
    assert [key for key, state in states.items() if state is TrialState.FAILED] == [k for k in keys if k[0] == "lsgan"]
    status = world.folder.trial(*lsgan).read_status()
    assert status is not None
    assert (status.state, status.reason) == (TrialState.FAILED, "ValueError: no such layer")


def test_different_reasons_are_not_shared(tmp_path: Path) -> None:
    world = make_world(tmp_path, arms=ONE_ARM)
    director = world.make_director()
    for kind in "ABCD":
        fail_next(director, f"{kind}Error: wrong")
    assert start(director) == []
    assert director.finished
    assert director.abort_reason is None
    assert {state for _, _, state in world.ended().values()} == {"failed"}
    assert [t.value for t in world.optuna_trials("lsgan")] == [1000.0] * 4


def test_a_study_of_one_arm_ends_after_two_trials_as_well(tmp_path: Path) -> None:
    director = make_world(tmp_path, arms=ONE_ARM).make_director()
    for number in (1, 2):
        fail_next(director, OUT_OF_MEMORY.format(number))
    assert_aborted(director)


def test_a_large_batch_is_its_configuration_s_own_fault_once_others_have_trained(tmp_path: Path) -> None:
    for resumed in (False, True):
        world = make_world(tmp_path / str(resumed))
        director = world.run(stop_after=5)
        assert [trial.state for trial in director.trials.values()] == [TrialState.COMPLETED]
        director = world.make_director() if resumed else director
        failed = [fail_next(director, OUT_OF_MEMORY.format(number)) for number in range(4)]
        assert director.abort_reason is None
        assert {director.trials[key].state for key in failed} == {TrialState.FAILED}


@pytest.mark.parametrize(
    "reason",
    [
        NO_CONNECTION.format(3),
        "torch.distributed.DistNetworkError: The client socket has failed to connect",
        "ModuleNotFoundError: No module named 'optuna'",
        "RuntimeError: Found no NVIDIA driver on your system.",
        "OSError: [Errno 28] No space left on device",
    ],
)
def test_the_machine_s_failures_are_shared_after_three_in_a_row(tmp_path: Path, reason: str) -> None:
    world = make_world(tmp_path)
    director = world.make_director()
    train_next(director)
    first = [fail_next(director, reason) for _ in range(2)]
    assert director.abort_reason is None
    train_next(director)  # So the two had a reason of their own,
    assert {director.trials[key].state for key in first} == {TrialState.FAILED}
    shared = [fail_next(director, reason) for _ in range(3)]  # and these have not.
    assert_aborted(director)
    assert {director.trials[key].state for key in shared} == {TrialState.RUNNING}
    assert not any((status := world.folder.trial(*key).read_status()) and status.state.is_final for key in shared)


def test_a_trial_that_cannot_go_on_keeps_its_checkpoint(tmp_path: Path) -> None:
    """A resumed study in which no worker can connect any more."""
    world = make_world(tmp_path, at_once=3)
    world.run(stop_after=9)
    director = world.make_director()
    keys = start(director, 3)
    assert all(director.trials[key].cur_nimg > 0 for key in keys)
    for key in keys:
        director.receive_failure(key, NO_CONNECTION.format(key[1]))
    assert_aborted(director)
    assert all(world.folder.trial(*key).checkpoint_nimgs() for key in keys)


def test_a_trial_that_has_trained_counts_its_own_failure(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    director = world.make_director()
    for _ in range(3):
        (key,) = start(director)
        director.receive_progress(key, TrialState.RUNNING, make_evaluation(1000, 20.0))
        director.receive_failure(key, NO_CONNECTION.format(1))
        assert director.trials[key].state is TrialState.FAILED
    assert director.abort_reason is None


def test_the_last_failures_are_recorded_at_the_end(tmp_path: Path) -> None:
    """No later trial can show whether they are shared; confirmations wait for them."""
    world = make_world(tmp_path, confirm={"top_k": 1, "seeds": 1})
    director = world.make_director()
    for _ in range(7):
        train_next(director)
    key = fail_next(director, NO_CONNECTION.format(1))
    assert director.trials[key].state is TrialState.RUNNING
    assert not director.finished
    confirmations: list[TrialConfig | None] = [director.next_trial()]
    assert confirmations[0] is not None
    assert confirmations[0].phase == "confirm"
