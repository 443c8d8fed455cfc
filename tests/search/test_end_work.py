"""The work after a trial's last step can fail or be interrupted without harm to the training."""

from pathlib import Path

import pytest
from support.scripted_world import World, make_evaluation, make_study

from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.director.director import Director

KEY = ("lsgan", "confirm_000_seed_0")


def score(config: TrialConfig, cur_nimg: int) -> float:
    return 11.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A study whose searches have ended; its only arm has one seed to confirm."""
    study = make_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        budget={"trials_per_arm": 1, "total_kimg": 1, "evaluate_every_kimg": 1},
        confirm={"top_k": 1, "seeds": 1},
    )
    world = World(study, RunFolder(str(tmp_path / "run")), score)
    world.run(stop_after=2)
    return world


def ended_trial(world: World) -> tuple[Director, TrialFolder, TrialConfig]:
    """A confirmed trial at its end, which the director has not received."""
    director = world.make_director()
    config = director.next_trial()
    assert config is not None
    assert (config.arm, config.name) == KEY
    trial = world.folder.trial(*KEY)
    director.receive_progress(KEY, TrialState.RUNNING, make_evaluation(0, 500.0))
    trial.write_evaluations([make_evaluation(0, 500.0), make_evaluation(1000, 11.0)])
    trial.write_status(TrialStatus(state=TrialState.COMPLETED, cur_nimg=1000))
    return director, trial, config


def test_a_process_that_dies_after_the_end_leaves_a_completed_trial(world: World) -> None:
    director, trial, _ = ended_trial(world)
    director.receive_failure(KEY, "its process died: out of memory")
    status = trial.read_status()
    assert status is not None
    assert status.state is TrialState.COMPLETED
    assert status.end_failures == {"diagnosis": "its process died: out of memory"}
    assert director.trials[KEY].state is TrialState.COMPLETED
    assert director.trials[KEY].score == 11.0
    assert director.finished


def test_a_search_trial_that_died_after_its_end_is_reported_with_its_score(tmp_path: Path) -> None:
    study = make_study(diagnosis={"at_end": "all"})
    world = World(study, RunFolder(str(tmp_path)), score)
    director = world.make_director()
    config = director.next_trial()
    assert config is not None
    key = config.arm, config.name
    trial = world.folder.trial(*key)
    trial.write_evaluations([make_evaluation(0, 500.0), make_evaluation(4000, 7.0)])
    trial.write_status(TrialStatus(state=TrialState.COMPLETED, cur_nimg=4000))
    director.receive_failure(key, "its process died: out of memory")
    (reported,) = world.optuna_trials(config.arm)
    assert (reported.value, reported.intermediate_values) == (7.0, {0: 500.0, 4000: 7.0})
    assert director.agenda.best(config.arm)[0].config.name == config.name


@pytest.mark.parametrize(
    ("state", "collapsed"), [(TrialState.DIVERGED, False), (TrialState.STOPPED, True), (TrialState.COMPLETED, False)]
)
def test_every_end_that_is_written_stands(world: World, state: TrialState, collapsed: bool) -> None:
    director, trial, _ = ended_trial(world)
    trial.write_status(TrialStatus(state=state, cur_nimg=1000, collapsed=collapsed))
    director.receive_failure(KEY, "its process died")
    assert director.trials[KEY].state is state
    assert director.trials[KEY].collapsed is collapsed
    status = trial.read_status()
    assert status is not None
    assert status.state is state


def test_a_trial_that_died_before_its_end_has_failed(world: World) -> None:
    director, trial, _ = ended_trial(world)
    trial.write_status(TrialStatus(state=TrialState.RUNNING))
    director.receive_failure(KEY, "its process died")
    assert director.trials[KEY].state is TrialState.FAILED


def test_end_work_is_made_up_for(world: World) -> None:
    """The study was interrupted while a trial that had ended was diagnosed."""
    world.end_work = ("diagnosis", "final_scores")
    world.run()
    world.started.clear()
    director = world.make_director()
    assert not director.finished
    config = director.next_trial()
    assert config is not None
    assert (config.arm, config.name) == KEY
    assert not director.finished
    assert director.next_trial() is None
    assert director.receive_progress(KEY, TrialState.COMPLETED, director.trials[KEY].evaluations[-1]) is False
    assert director.finished
    assert director.trials[KEY].state is TrialState.COMPLETED


def test_end_work_that_fails_again_ends_the_study_all_the_same(world: World) -> None:
    world.end_work = ("final_scores",)
    world.run()
    director = world.make_director()
    director.next_trial()
    director.receive_failure(KEY, "its process died: out of memory")
    assert director.finished
    status = world.folder.trial(*KEY).read_status()
    assert status is not None
    assert status.state is TrialState.COMPLETED
    assert status.end_failures == {"final_scores": "its process died: out of memory"}


def test_unfinished_trainings_come_before_end_work(tmp_path: Path) -> None:
    study = make_study(diagnosis={"at_end": "all"})
    world = World(study, RunFolder(str(tmp_path)), score, end_work=("diagnosis",))
    world.run(stop_after=7)  # the first trial has ended, the second has not
    director = world.make_director()
    names = [config.arm for _ in range(1) if (config := director.next_trial()) is not None]
    assert names == ["wgan"]
