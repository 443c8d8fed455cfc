from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState as OptunaState
from support.present import present
from support.scripted_world import FAILURE_SCORE, Ends, Score, World, make_evaluation, make_study

from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState


def make_world(tmp_path: Path, score: Score, ends: Ends | None = None, at_once: int = 1, **changes: Any) -> World:
    return World(make_study(**changes), RunFolder(str(tmp_path / "run")), score, ends or {}, at_once)


def by_index(scores: dict[str, list[float]]) -> Score:
    """The score of each arm's search trials by index, the same at every number of images after 0."""

    def score(config: TrialConfig, cur_nimg: int) -> float:
        return scores[config.arm][config.index] if cur_nimg else FAILURE_SCORE / 2

    return score


def constant(config: TrialConfig, cur_nimg: int) -> float:
    return 10.0


def states(world: World, arm: str) -> list[str]:
    return [state for (owner, name), (_, _, state) in sorted(world.ended().items()) if owner == arm]


def test_arms_take_turns(tmp_path: Path) -> None:
    world = make_world(tmp_path, constant)
    world.run()
    assert world.started == [(arm, f"search_00{i}") for i in range(4) for arm in ("lsgan", "wgan")]


def test_no_more_trials_run_at_once_than_allowed(tmp_path: Path) -> None:
    world = make_world(tmp_path, constant, at_once=3)
    world.run()
    assert world.most_at_once == 3


def test_an_arm_is_not_stopped_by_the_other_arms_scores(tmp_path: Path) -> None:
    scores = {"lsgan": [10.0, 30.0, 20.0, 5.0], "wgan": [400.0, 300.0, 200.0, 100.0]}
    search = {"sampler": "random", "scheduler": "asha", "reduction_factor": 2, "lag": 1}
    world = make_world(tmp_path, by_index(scores), search=search)
    world.run()
    assert states(world, "lsgan") == ["completed", "stopped", "stopped", "completed"]
    assert states(world, "wgan") == ["completed"] * 4  # each is the best of its arm so far
    stopped = world.folder.trial("lsgan", "search_001")
    status = stopped.read_status()
    assert status is not None
    assert status.reason == "not among its arm's best at 1,000 images"
    assert status.cur_nimg == 1000
    assert stopped.checkpoint_nimgs() == []
    assert [e.cur_nimg for e in stopped.read_evaluations()] == [0, 1000]


def test_optuna_knows_how_every_trial_ended(tmp_path: Path) -> None:
    scores = {"lsgan": [10.0, 30.0, 20.0, 5.0], "wgan": [1.0, 1.0, 1.0, 1.0]}
    ends = {("wgan", "search_001"): TrialState.DIVERGED, ("wgan", "search_002"): TrialState.FAILED}
    search = {"sampler": "random", "scheduler": "asha", "reduction_factor": 2, "lag": 1}
    world = make_world(tmp_path, by_index(scores), ends, at_once=2, search=search, confirm={"top_k": 1, "seeds": 2})
    world.run()
    reported = {arm: [(t.state, t.value) for t in world.optuna_trials(arm)] for arm in ("lsgan", "wgan")}
    assert reported["lsgan"] == [
        (OptunaState.COMPLETE, 10.0),
        (OptunaState.PRUNED, 30.0),
        (OptunaState.PRUNED, 20.0),
        (OptunaState.COMPLETE, 5.0),
    ]
    assert reported["wgan"] == [
        (OptunaState.COMPLETE, 1.0),
        (OptunaState.COMPLETE, FAILURE_SCORE),
        (OptunaState.COMPLETE, FAILURE_SCORE),
        (OptunaState.COMPLETE, 1.0),
    ]
    assert world.optuna_trials("lsgan")[1].intermediate_values == {0: FAILURE_SCORE / 2, 1000: 30.0}


def test_a_collapsed_trial_counts_as_a_diverged_one(tmp_path: Path) -> None:
    # Its last score is the arm's best, but it has ended itself.
    scores = {"lsgan": [10.0, 1.0, 20.0, 5.0], "wgan": [1.0, 1.0, 1.0, 1.0]}
    ends = {("lsgan", "search_001"): TrialState.STOPPED}
    world = make_world(tmp_path, by_index(scores), ends, confirm={"top_k": 1, "seeds": 1})
    for _ in range(2):  # once as it happens, once as a resumed study reads it in the run folder
        director = world.run()
        assert [(t.state, t.value) for t in world.optuna_trials("lsgan")] == [
            (OptunaState.COMPLETE, 10.0),
            (OptunaState.COMPLETE, FAILURE_SCORE),
            (OptunaState.COMPLETE, 20.0),
            (OptunaState.COMPLETE, 5.0),
        ]
        assert world.optuna_trials("lsgan")[1].user_attrs["state"] == "diverged"
        assert director.trials["lsgan", "search_001"].state is TrialState.STOPPED
    assert ("lsgan", "confirm_003_seed_0") in world.started
    assert len(world.folder.trial("lsgan", "search_001").read_evaluations()) == 3  # of five: the rest is saved


def test_trials_take_the_study_s_diagnosis_with_them(tmp_path: Path) -> None:
    diagnosis = {"at_end": "all", "on_collapse": "stop", "thresholds": {"coverage_partial": 0.6}}
    world = make_world(tmp_path, constant, confirm={"top_k": 1, "seeds": 1}, diagnosis=diagnosis)
    world.run()
    for name in ("search_000", "confirm_000_seed_0"):
        config = world.folder.trial("lsgan", name).read_config()
        assert config is not None
        assert config.diagnosis == world.study.diagnosis
        assert config.diagnosis.thresholds.coverage_partial == 0.6
        assert config.diagnosis.thresholds.ndb_partial == 0.1


def test_the_best_are_confirmed_with_fresh_seeds(tmp_path: Path) -> None:
    scores = {"lsgan": [10.0, 30.0, 20.0, 5.0], "wgan": [4.0, 3.0, 2.0, 1.0]}
    world = make_world(tmp_path, by_index(scores), confirm={"top_k": 2, "seeds": 2})
    world.run()
    for arm, best in (("lsgan", (3, 0)), ("wgan", (3, 2))):
        names = [f"confirm_00{index}_seed_{seed}" for index in best for seed in (0, 1)]
        assert [name for owner, name in world.started if owner == arm][4:] == names
        search_seeds = {seed for (_, name), (_, seed, _) in world.ended().items() if name.startswith("search")}
        for name in names:
            config = world.folder.trial(arm, name).read_config()
            assert config is not None
            assert config.source == f"search_{name[8:11]}"
            source = world.folder.trial(arm, config.source).read_config()
            assert source is not None
            assert config.training.seed not in search_seeds
            assert config.training.model_copy(update={"seed": source.training.seed}) == source.training
        seeds = [world.ended()[arm, name][1] for name in names]
        assert seeds[:2] == seeds[2:]  # equal between the candidates,
        assert seeds[0] != seeds[1]  # different between the re-runs of one


def test_only_completed_trials_are_confirmed(tmp_path: Path) -> None:
    """Stopped and diverged trials have the lowest last scores; in the other arm no trial completes."""
    scores = {"lsgan": [9.0, 1.0, 8.0, 2.0], "wgan": [1.0, 1.0, 1.0, 1.0]}
    ends = {("lsgan", "search_001"): TrialState.DIVERGED, ("lsgan", "search_003"): TrialState.FAILED}
    ends |= {("wgan", f"search_00{i}"): TrialState.DIVERGED for i in range(4)}
    world = make_world(tmp_path, by_index(scores), ends, confirm={"top_k": 3, "seeds": 1})
    director = world.run()
    confirmed = [key for key in world.started if key[1].startswith("confirm")]
    assert confirmed == [("lsgan", "confirm_002_seed_0"), ("lsgan", "confirm_000_seed_0")]
    assert [director.agenda.num_to_open(arm, "confirm") for arm in ("lsgan", "wgan")] == [0, 0]
    assert director.finished


def test_a_stopped_trial_is_not_confirmed(tmp_path: Path) -> None:
    def late_bloomer(config: TrialConfig, cur_nimg: int) -> float:
        return {0: 10.0, 1: 11.0}[config.index] if cur_nimg < 4000 else 50.0

    search = {"sampler": "random", "scheduler": "asha", "reduction_factor": 2, "lag": 1}
    budget = {"trials_per_arm": 2, "total_kimg": 4, "evaluate_every_kimg": 1}
    world = make_world(tmp_path, late_bloomer, search=search, budget=budget, confirm={"top_k": 2, "seeds": 1})
    world.run()
    assert states(world, "lsgan") == ["completed", "completed", "stopped"]  # confirm_000, search_000, search_001
    assert [name for arm, name in world.started if arm == "lsgan"][2:] == ["confirm_000_seed_0"]


def test_confirmations_wait_for_their_own_arm_only(tmp_path: Path) -> None:
    world = make_world(tmp_path, constant, at_once=8, confirm={"top_k": 1, "seeds": 1})
    director = world.make_director()
    while director.next_trial() is not None:
        pass
    assert len(director.trials) == 8
    for arm, name in [key for key in director.trials if key != ("wgan", "search_003")]:
        director.receive_progress((arm, name), TrialState.COMPLETED, make_evaluation(4000, 5.0))
    following = director.next_trial()
    assert following is not None
    assert (following.arm, following.name) == ("lsgan", "confirm_000_seed_0")
    assert director.next_trial() is None
    assert not director.finished


def test_a_repeated_message_changes_nothing(tmp_path: Path) -> None:
    search = {"sampler": "random", "scheduler": "asha", "reduction_factor": 2, "lag": 1}
    world = make_world(tmp_path, constant, at_once=2, search=search)
    director = world.make_director()
    assert director.next_trial() is not None
    key = ("lsgan", "search_000")
    for _ in range(2):
        for nimg in (0, 1000, 0):
            assert director.receive_progress(key, TrialState.RUNNING, make_evaluation(nimg, 10.0)) is False
    assert [e.cur_nimg for e in director.trials[key].evaluations] == [0, 1000]
    for _ in range(2):
        director.receive_progress(key, TrialState.COMPLETED, make_evaluation(4000, 5.0))
    director.receive_progress(
        key, TrialState.RUNNING, make_evaluation(5000, 1.0)
    )  # a straggler of a process that was given up
    director.receive_failure(key, "its process ended")
    assert director.trials[key].state is TrialState.COMPLETED
    assert director.trials[key].score == 5.0
    (reported,) = world.optuna_trials("lsgan")
    assert (reported.state, reported.value) == (OptunaState.COMPLETE, 5.0)
    assert reported.intermediate_values == {0: 10.0, 1000: 10.0, 4000: 5.0}


NO_MEMORY = [
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    "RuntimeError: [enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried",
    "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB for an array",
    "its process died: Task was killed due to the node running low on memory.",
]


@pytest.mark.parametrize("reason", NO_MEMORY)
def test_a_lack_of_memory_is_recorded_with_the_batch_size(tmp_path: Path, reason: str) -> None:
    world = make_world(tmp_path, constant)
    director = world.make_director()
    config = present(director.next_trial())
    key = (config.arm, config.name)
    director.receive_progress(key, TrialState.RUNNING, make_evaluation(0, 10.0))
    director.receive_progress(key, TrialState.RUNNING, make_evaluation(1000, 10.0))
    director.receive_failure(key, reason)
    status = present(world.folder.trial(*key).read_status())
    assert status.state is TrialState.FAILED
    assert status.reason == (
        f"{reason} (batch_size={config.training.batch_size}; a smaller batch or network needs less memory)"
    )


def test_an_abort_leaves_unfinished_trials_unfinished(tmp_path: Path) -> None:
    world = make_world(tmp_path, constant, at_once=2)
    director = world.make_director()
    first, second = director.next_trial(), director.next_trial()
    assert first is not None
    assert second is not None
    director.receive_progress(("lsgan", "search_000"), TrialState.RUNNING, make_evaluation(0, 10.0))
    director.abort("there is no space left")
    director.abort("a second reason, which came of the first")
    director.receive_failure(("lsgan", "search_000"), "its process ended")
    assert director.finished
    assert director.next_trial() is None
    assert director.abort_reason == "there is no space left"
    assert {trial.state for trial in director.trials.values()} == {TrialState.RUNNING}
    assert world.folder.trial("lsgan", "search_000").read_status() is None
    world.run()
    assert Counter(states(world, "lsgan") + states(world, "wgan")) == Counter(completed=8)


def test_a_failed_trial_says_why(tmp_path: Path) -> None:
    world = make_world(tmp_path, constant, {("lsgan", "search_000"): TrialState.FAILED})
    world.run()
    status = world.folder.trial("lsgan", "search_000").read_status()
    assert status is not None
    assert (status.state, status.reason) == (TrialState.FAILED, "its process was killed")
    assert status.end_time is not None


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_study_draws_the_same_samples(tmp_path: Path, sampler: str) -> None:
    def score(config: TrialConfig, cur_nimg: int) -> float:
        return 10 + 1000 * config.training.g_lr

    def run(place: str, seed: int) -> dict[tuple[str, str], tuple[dict[str, Any], int, str]]:
        search = {"sampler": sampler, "scheduler": "asha", "startup_trials": 1, "seed": seed}
        world = make_world(tmp_path / place, score, search=search)
        world.run()
        return world.ended()

    assert run("a", 0) == run("b", 0)
    other = run("c", 1)
    assert {key: samples for key, (samples, _, _) in run("d", 0).items() if other[key][0] == samples} == {
        # the papers' values
        ("lsgan", "search_000"): other["lsgan", "search_000"][0],
        ("wgan", "search_000"): other["wgan", "search_000"][0],
    }


def test_optunas_pictures_can_be_drawn(tmp_path: Path) -> None:
    """Optuna's own tools read all reported trials, also diverged and stopped ones."""
    scores = {"lsgan": [10.0, 30.0, 20.0, 5.0], "wgan": [1.0, 1.0, 1.0, 1.0]}
    search = {"sampler": "random", "scheduler": "asha", "reduction_factor": 2, "lag": 1}
    world = make_world(tmp_path, by_index(scores), {("lsgan", "search_000"): TrialState.DIVERGED}, search=search)
    world.run()
    study = optuna.load_study(study_name="scripted/lsgan", storage=world.storage)
    (history,) = (t for t in optuna.visualization.plot_optimization_history(study).data if t.name == "Objective Value")
    assert list(history.y) == [FAILURE_SCORE, 5.0]
    assert len(optuna.visualization.plot_intermediate_values(study).data) == 4


def test_a_trial_that_went_back_is_compared_by_what_it_goes_on_with(tmp_path: Path) -> None:
    # At 500 images its generator had collapsed, and the state at 250 images took its place.
    scores = {"lsgan": [10.0, 10.0, 10.0, 10.0], "wgan": [1.0, 1.0, 1.0, 1.0]}
    world = make_world(tmp_path, by_index(scores), confirm={"top_k": 0})
    director = world.make_director()
    config = director.next_trial()
    assert config is not None
    key = (config.arm, config.name)
    reported = [(0, 200.0, None), (250, 12.0, None), (500, 150.0, 250), (750, 11.0, None)]
    evaluations = [
        make_evaluation(nimg, score).model_copy(update={"rolled_back_to": back}) for nimg, score, back in reported
    ]
    for evaluation in evaluations:
        director.receive_progress(key, TrialState.RUNNING, evaluation)
    seen = {0: 200.0, 250: 12.0, 500: 12.0, 750: 11.0}
    assert world.optuna_trials(config.arm)[0].intermediate_values == seen
    folder = world.folder.trial(*key)
    folder.write_evaluations(evaluations)
    folder.add_checkpoint(750, b"checkpoint")
    world.make_director()  # a resumed study's
    assert world.optuna_trials(config.arm)[0].intermediate_values == seen


def test_of_several_objectives_the_front_is_confirmed_first(tmp_path: Path) -> None:
    """The second best score is on no front, since the best beats it in both: the third best is confirmed before it."""
    scores, coverages = [10.0, 20.0, 30.0, 40.0], [0.5, 0.4, 0.9, 0.8]
    study = make_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        search={"sampler": "random", "scheduler": "none", "objectives": ["score", "coverage"]},
        confirm={"top_k": 3, "seeds": 1},
    )
    world = World(study, RunFolder(str(tmp_path)), by_index({"lsgan": scores}), coverages=coverages)
    director = world.run()
    assert [t.config.index for t in director.agenda.best("lsgan")] == [0, 2, 1, 3]
    assert {t.config.source for t in director.agenda.arm_trials("lsgan", "confirm")} == {
        "search_000",
        "search_002",
        "search_001",
    }
    reported = world.optuna_trials("lsgan")
    assert [trial.values for trial in reported] == [[s, c] for s, c in zip(scores, coverages, strict=True)]
    again = world.make_director()
    assert again.finished
    assert [trial.values for trial in world.optuna_trials("lsgan")] == [trial.values for trial in reported]
