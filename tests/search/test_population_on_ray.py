"""One population of real trainings on a cluster with fewer slots than members, and one search of two objectives."""

from pathlib import Path

import pytest
from optuna import load_study
from optuna.storages import RDBStorage
from support.tiny_study import tiny_folder, tiny_study

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.runs.records.status import TrialState
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]

ARM = {"lsgan": {"network": "dcgan", "loss": "least_squares"}}


def test_a_population_trains_in_turns(ray_address: str, tmp_path: Path) -> None:
    study = tiny_study(
        arms=ARM,
        budget={"trials_per_arm": 4, "total_kimg": 0.75, "evaluate_every_kimg": 0.25},
        search={"scheduler": "pbt", "sampler": "random"},
        resources={"max_concurrent_trials": 1},
    )
    folder = tiny_folder(tmp_path / "tiny", study)
    director = run_study(study, folder, address=ray_address)
    assert {trial.state for trial in director.trials.values()} == {TrialState.COMPLETED}
    assert len(director.trials) == 5
    generations = folder.read_generations("lsgan")
    assert [len(generation.copies) for generation in generations] == [1, 1]
    for name in folder.trials("lsgan"):
        trial = folder.trial("lsgan", name)
        assert [e.cur_nimg for e in trial.read_evaluations()] == trial.sample_nimgs() == [0, 256, 512, 768]
        status = trial.read_status()
        assert status is not None
        assert (status.num_restarts, status.is_paused, trial.checkpoint_nimgs()) == (0, False, [])
    confirmed = director.agenda.arm_trials("lsgan", "confirm")[0].config.training
    assert confirmed.schedule == director.agenda.best("lsgan")[0].config.training.schedule
    reported = load_study(study_name="tiny/lsgan", storage=RDBStorage(f"sqlite:///{folder.location}/optuna.db"))
    assert sorted(trial.state.name for trial in reported.trials) == ["COMPLETE"] * 4 + ["PRUNED"] * 2


def test_two_objectives_are_measured_and_reported(ray_address: str, tmp_path: Path) -> None:
    study = tiny_study(
        arms=ARM,
        budget={"trials_per_arm": 3, "total_kimg": 0.5, "evaluate_every_kimg": 0.5},
        search={"scheduler": "none", "objectives": ["score", "coverage", "device_sec"]},
        resources={"max_concurrent_trials": 1},
    )
    folder = tiny_folder(tmp_path / "tiny", study)
    run_study(study, folder, address=ray_address)
    reported = load_study(study_name="tiny/lsgan", storage=RDBStorage(f"sqlite:///{folder.location}/optuna.db"))
    pareto = summarise(load_run(folder)).pareto
    assert pareto is not None
    best = sorted((trial.values for trial in reported.best_trials), key=lambda values: values[0])
    assert [[point.values[name] for name in pareto.objectives] for point in pareto.overall] == best
    assert all(0 <= values[1] <= 1 and values[2] > 0 for values in best)
