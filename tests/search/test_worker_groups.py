"""Trials of two workers each on a cluster that holds one group of them: early stops, and processes that die or hang."""

import os
import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ray.util.state import list_actors, list_placement_groups
from support.tiny_study import tiny_folder, tiny_study
from support.tiny_training import measured

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.director.director import Director
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]

STANDSTILL = 1e-12
"""A learning rate with which nothing is learned, so that the trial is stopped."""
HUNG_AFTER_SEC = 6.0


def living_actors(address: str) -> list[tuple[str, int]]:
    """Return class and process of each living actor of a cluster."""
    actors: list[Any] = list_actors(address, filters=[("state", "=", "ALIVE")], detail=True)
    return [(actor.class_name.rpartition(".")[2], actor.pid) for actor in actors]


def read_status(folder: RunFolder, arm: str) -> TrialStatus:
    status = folder.trial(arm, "search_000").read_status()
    assert status is not None
    return status


@dataclass
class Saboteur:
    """Sends each arm's trial one signal, after its second evaluation or later."""

    address: str

    victims: dict[str, tuple[str, signal.Signals]]
    """By arm, the class of the actor that gets the signal, and the signal."""
    after: dict[str, int] = field(default_factory=dict)
    """By arm, the images at the last evaluation before the signal."""
    first_ranks: dict[str, set[int]] = field(default_factory=dict)
    """By arm, the processes that have been its trial's first rank."""
    actors: Counter[str] = field(default_factory=Counter)
    """The classes of all living actors during the trial of the arm `undisturbed_too`, and how many live of each."""
    done: threading.Event = field(default_factory=threading.Event)

    def start(self, director: Director) -> None:
        self._director = director
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.done.wait(0.02):
            for (arm, _), trial in list(self._director.trials.items()):
                status = trial.folder.read_status()
                if status is None or status.pid is None:
                    continue
                self.first_ranks.setdefault(arm, set()).add(status.pid)
                if arm == "undisturbed_too" and not self.actors:
                    self.actors = Counter(name for name, _ in living_actors(self.address))
                if trial.cur_nimg >= 512 and arm in self.victims and arm not in self.after:
                    class_name, number = self.victims[arm]
                    # The last rank, if there are several.
                    pids = [pid for name, pid in living_actors(self.address) if name == class_name]
                    self.after[arm] = trial.cur_nimg
                    os.kill(max(pids, key=lambda pid: (pid != status.pid, pid)), number)


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker counts as hung after some seconds in place of two minutes."""
    monkeypatch.setenv("RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S", str(HUNG_AFTER_SEC))


def test_one_group_trains_all_trials_and_survives_what_dies_or_hangs(
    ray_address: str, tmp_path: Path, short_patience: None
) -> None:
    """The arms differ in name only, and so do not their scores. Each loses another process."""
    arm = {"network": "dcgan", "loss": "least_squares"}
    victims = {
        "rank": ("RayTrainWorker", signal.SIGKILL),
        "hung_rank": ("RayTrainWorker", signal.SIGSTOP),
        "controller": ("TrainController", signal.SIGKILL),
        "exchange": ("TrialExchange", signal.SIGKILL),
        "tune_trial": ("ResourceTrainable", signal.SIGKILL),
    }
    study = tiny_study(
        arms=dict.fromkeys(["undisturbed", "undisturbed_too", *victims], arm),
        budget={"trials_per_arm": 1, "total_kimg": 2, "evaluate_every_kimg": 0.5},
        confirm={"top_k": 0},
        resources={"workers_per_trial": 2, "max_retries": 1},
    )
    folder = tiny_folder(tmp_path / "tiny", study)
    saboteur = Saboteur(ray_address, victims)
    director = run_study(study, folder, address=ray_address, on_start=saboteur.start)
    saboteur.done.set()

    assert set(saboteur.after) == set(victims)
    assert all(after < 2048 for after in saboteur.after.values())
    expected = measured(folder.trial("undisturbed", "search_000").read_evaluations())
    assert [evaluation.cur_nimg for evaluation in expected] == [0, 512, 1024, 1536, 2048]
    for name in study.arms:
        status = read_status(folder, name)
        assert (status.state, status.num_restarts) == (TrialState.COMPLETED, int(name in victims)), name
        assert measured(folder.trial(name, "search_000").read_evaluations()) == expected, name
        assert measured([*director.trials[name, "search_000"].evaluations]) == expected, name
    (process,) = saboteur.first_ranks["undisturbed"]
    assert saboteur.first_ranks["undisturbed_too"] == {process}

    of_the_cluster = {"_AutoscalingCoordinatorActor", "DatasetManager"}
    assert {name: num for name, num in saboteur.actors.items() if name not in of_the_cluster} == {
        **{"RayTrainWorker": 2, "TrainController": 1, "SynchronizationActor": 1, "PlacementGroupCleaner": 1},
        **{"ResourceTrainable": 1, "TrialExchange": 1},
    }

    assert [group for group in list_placement_groups(ray_address) if group.state != "REMOVED"] == []
    assert {name for name, _ in living_actors(ray_address)} <= of_the_cluster


def test_a_stopped_trial_leaves_its_group_to_the_next(ray_address: str, tmp_path: Path) -> None:
    study = tiny_study(
        arms={"lsgan": {"network": "dcgan", "loss": "least_squares"}},
        defaults={"network": {"width": 8}, "g_lr": 3e-3, "d_lr": 1e-3},
        search_space={"g_lr": {"choice": [STANDSTILL]}},
        budget={"trials_per_arm": 2, "total_kimg": 1, "evaluate_every_kimg": 0.25},
        search={"reduction_factor": 2, "lag": 1},
        confirm={"top_k": 1, "seeds": 1},
        resources={"workers_per_trial": 2},
    )
    folder = tiny_folder(tmp_path / "tiny", study)

    director = run_study(study, folder, address=ray_address)

    states = {name: trial.state for (_, name), trial in director.trials.items()}
    assert states == {
        "search_000": TrialState.COMPLETED,  # with the given rate, which the search space does not hold
        "search_001": TrialState.STOPPED,
        "confirm_000_seed_0": TrialState.COMPLETED,
    }
    stopped = folder.trial("lsgan", "search_001").read_evaluations()
    assert stopped[-1].cur_nimg == director.trials["lsgan", "search_001"].cur_nimg < 1024
    evaluations = folder.trial("lsgan", "confirm_000_seed_0").read_evaluations()
    assert [e.cur_nimg for e in evaluations] == [0, 256, 512, 768, 1024]
