"""A whole study on a real cluster, and the contents of its run folder."""

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState as OptunaState
from support.present import present
from support.tiny_study import tiny_folder, tiny_study
from support.tiny_training import measured

from gan_study.cli.train import train_one
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search import following
from gan_study.search.director.director import Director
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@dataclass
class Finished:
    """A finished study, and observations while it ran."""

    study: StudyConfig
    folder: RunFolder
    director: Director | None = None
    pids: set[int] = field(default_factory=set)
    """Processes that trials were seen in."""
    stages: list[str] = field(default_factory=list)
    elapsed_sec: set[float] = field(default_factory=set)
    """Seconds that study_status.json said."""

    def look(self) -> None:
        """Note which processes train, and what the status says."""
        self.elapsed_sec.add(present(self.folder.read_study_status()).elapsed_sec)
        if self.director is not None:
            statuses = [trial.folder.read_status() for trial in self.director.trials.values()]
            self.pids |= {status.pid for status in statuses if status is not None and status.pid is not None}

    def start(self, director: Director) -> None:
        self.director = director

    def statuses(self, *arms: str) -> dict[tuple[str, str], TrialStatus]:
        found = {}
        for arm in arms or self.folder.arms():
            for name in self.folder.trials(arm):
                status = self.folder.trial(arm, name).read_status()
                assert status is not None
                found[arm, name] = status
        return found


@pytest.fixture(scope="module")
def finished(ray_address: str, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    study = tiny_study(
        arms={
            "lsgan": {"network": "dcgan", "loss": "least_squares"},
            "wgan": {"network": "dcgan", "loss": "wasserstein", "penalty": "wgan_gp", "d_steps_per_g_step": 1},
            "hot": {
                "network": "dcgan",
                "loss": "least_squares",
                "g_lr": 1e18,
                "d_lr": 1e18,
                "search_space": {"beta1": {"uniform": [0.0, 0.5]}},
            },
        }
    )
    finished = Finished(study, tiny_folder(tmp_path_factory.mktemp("run") / "tiny", study))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "RECORD_SEC", 0.5)
        run_study(
            study,
            finished.folder,
            address=ray_address,
            on_start=finished.start,
            on_change=finished.look,
            on_stage=finished.stages.append,
        )
    return finished


def test_every_trial_has_its_files(finished: Finished) -> None:
    statuses = finished.statuses("lsgan", "wgan")
    assert [name for arm, name in statuses if arm == "lsgan" and name.startswith("search")] == [
        "search_000",
        "search_001",
        "search_002",
    ]
    for arm in ("lsgan", "wgan"):
        assert sum(name.startswith("confirm") for owner, name in statuses if owner == arm) == 1
    for (arm, name), status in statuses.items():
        files = finished.folder.trial(arm, name)
        config = files.read_config()
        assert config is not None
        assert status.state in (TrialState.COMPLETED, TrialState.STOPPED)
        evaluated = [0, 512, 1024] if status.state is TrialState.COMPLETED else [0, 512]
        assert [e.cur_nimg for e in files.read_evaluations()] == files.sample_nimgs() == evaluated
        assert status.cur_nimg == evaluated[-1] in files.snapshot_nimgs()
        assert files.checkpoint_nimgs() == []
        assert (status.pid, status.num_restarts) == (None, 0)
        assert status.start_time is not None
        assert status.end_time is not None
        assert status.start_time < status.end_time


def test_a_trial_is_trained_with_what_was_sampled(finished: Finished) -> None:
    for arm, name in finished.statuses():
        config = finished.folder.trial(arm, name).read_config()
        assert config is not None
        searched = {"beta1": config.training.beta1} if arm == "hot" else {"g_lr": config.training.g_lr}
        assert config.searched == searched


def test_the_best_trial_of_each_arm_is_confirmed(finished: Finished) -> None:
    for arm in ("lsgan", "wgan"):
        completed = {
            name: finished.folder.trial(arm, name).read_evaluations()[-1].score
            for (owner, name), status in finished.statuses().items()
            if owner == arm and name.startswith("search") and status.state is TrialState.COMPLETED
        }
        best = min(completed, key=lambda name: completed[name] or 0.0)
        (confirmed,) = (name for owner, name in finished.statuses() if owner == arm and name.startswith("confirm"))
        assert confirmed == f"confirm_{best[-3:]}_seed_0"


def test_the_optuna_file_can_be_read(finished: Finished) -> None:
    storage = f"sqlite:///{finished.folder.storage.local_path('optuna.db')}"
    for arm in ("lsgan", "wgan"):
        study = optuna.load_study(study_name=f"tiny/{arm}", storage=storage)
        reported = {trial.user_attrs["index"]: trial for trial in study.trials}
        assert sorted(reported) == [0, 1, 2]
        for index, trial in reported.items():
            files = finished.folder.trial(arm, f"search_{index:03d}")
            status = files.read_status()
            assert status is not None
            completed = status.state is TrialState.COMPLETED
            assert trial.state is (OptunaState.COMPLETE if completed else OptunaState.PRUNED)
            evaluations = files.read_evaluations()
            # The last batch goes beyond the 500 images between two evaluations; those are what trials are compared at.
            assert trial.intermediate_values == {e.cur_nimg // 500 * 500: e.score for e in evaluations}
            assert trial.value == evaluations[-1].score
        assert len(optuna.visualization.plot_intermediate_values(study).data) == 3
        assert optuna.visualization.plot_optimization_history(study).data
        assert optuna.visualization.plot_slice(study).data


def test_a_diverging_arm_does_not_end_the_study(finished: Finished) -> None:
    assert finished.folder.trials("hot") == ["search_000", "search_001", "search_002"]  # nothing to confirm
    for status in finished.statuses("hot").values():
        assert status.state is TrialState.DIVERGED
        found = re.fullmatch(
            r"the (discriminator|generator)'s loss or gradient is not finite \(loss \S+, gradient norm \S+\) "
            r"at discriminator step (\d+), after (\S+) images",
            status.reason or "",
        )
        assert found is not None
        assert int(found[2]) >= 1
        assert status.cur_nimg == int(found[3].replace(",", ""))
        assert status.end_time is not None
    objective = finished.folder.read_objective()
    assert objective is not None
    storage = f"sqlite:///{finished.folder.storage.local_path('optuna.db')}"
    reported = optuna.load_study(study_name="tiny/hot", storage=storage).trials
    assert [(t.state, t.value) for t in reported] == [(OptunaState.COMPLETE, objective.failure_score)] * 3


def test_the_environment_is_written_down(finished: Finished) -> None:
    environment = finished.folder.read_environment()
    assert environment is not None
    assert environment.versions["python"] == platform.python_version()
    assert {"gan_study", "ray", "torch", "optuna"} <= set(environment.versions)
    assert len(environment.hosts) == 1
    assert environment.hosts[0].startswith("2 CPUs, ")
    assert "GiB" not in environment.hosts[0]


def test_the_study_is_completed(finished: Finished) -> None:
    status = finished.folder.read_study_status()
    assert status is not None
    assert (status.state, status.pid, status.num_concurrent_trials) == ("completed", None, 2)
    trials = finished.statuses().values()
    longest = max((t.end_time or 0) - (t.start_time or 0) for t in trials)
    assert status.elapsed_sec > longest
    assert len(finished.elapsed_sec) > 3  # It grows while the study runs.
    assert status.elapsed_sec > max(finished.elapsed_sec)
    assert status.start_time < min(t.start_time or 0 for t in trials)
    assert len(finished.stages) == 2
    assert finished.stages[0].startswith("joining Ray at ")
    assert finished.stages[1] == "preparing the data and the extractor"


def test_nothing_of_ray_is_left_in_the_run_folder(finished: Finished) -> None:
    place = finished.folder.storage.local_path("")
    assert {path.name for path in place.iterdir()} == {
        "arms", "environment.json", "importance.json", "objective", "optuna.db", "study.yaml", "study_status.json"
    }  # fmt: skip


def test_trials_share_processes(finished: Finished) -> None:
    """A new process for each of the eleven trials would take longer than the trials."""
    assert os.getpid() not in finished.pids
    assert 1 <= len(finished.pids) <= 2


@pytest.mark.parametrize("at_once", ["auto", 1])
def test_a_study_that_fits_nowhere_is_refused_with_the_numbers(
    ray_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: str | int
) -> None:
    monkeypatch.setattr(following, "JOIN_SEC", 1.0)
    study = tiny_study(resources={"cpus_per_worker": 3, "max_concurrent_trials": at_once})
    with pytest.raises(InputError) as caught:
        run_study(study, tiny_folder(tmp_path / "tiny", study), address=ray_address)
    (problem,) = caught.value.problems
    assert "3 CPUs and 0 GPUs needed" in problem
    assert "with 1 machine of at most 2 CPUs and 0 GPUs;" in problem


@pytest.mark.parametrize(("arm", "phase"), [("lsgan", "search"), ("wgan", "confirm")])
def test_a_trial_reproduces_its_scores_from_its_configuration(
    finished: Finished, tmp_path: Path, arm: str, phase: str
) -> None:
    """Trained again by `train`, without Ray, from the file that the study left: every number is the same."""
    completed = [
        name
        for (_, name), status in finished.statuses(arm).items()
        if name.startswith(phase) and status.state is TrialState.COMPLETED
    ]
    trial = finished.folder.trial(arm, completed[-1])
    config = trial.storage.local_path("config.json")
    train_one(str(config), str(tmp_path), "cpu")
    again = RunFolder(str(tmp_path)).trial(arm, completed[-1])
    assert measured(again.read_evaluations()) == measured(trial.read_evaluations())
    last = trial.snapshot_nimgs()[-1]
    assert again.read_snapshot(last) == trial.read_snapshot(last)
