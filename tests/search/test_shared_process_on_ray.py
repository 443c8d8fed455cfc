"""A study whose trials share a process, which dies once: they go on together, and end as in processes of their own."""

import os
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.tiny_study import tiny_folder, tiny_study
from support.tiny_training import files, measured

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.director.director import Director
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]

ARMS = {
    "convolutional": {"network": "dcgan", "loss": "least_squares"},
    "plain": {"network": {"name": "mlp"}, "loss": "wasserstein", "penalty": "wgan_gp", "d_steps_per_g_step": 1},
}


@dataclass
class Killer:
    """Kills the process of all trials once, when each has been evaluated after the start."""

    pids: list[set[int]] = field(default_factory=list)
    """The processes of the trials, before the kill and after it."""
    done: threading.Event = field(default_factory=threading.Event)

    def start(self, director: Director) -> None:
        self._director = director
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.done.wait(0.02) and len(self.pids) < 2:
            trials = list(self._director.trials.values())
            statuses = [trial.folder.read_status() for trial in trials]
            pids = {status.pid for status in statuses if status is not None and status.pid is not None}
            if sum(status is not None and status.pid is not None for status in statuses) < len(ARMS):
                continue
            if not self.pids and all(trial.cur_nimg >= 512 for trial in trials):
                self.pids.append(pids)
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)
            elif self.pids and not pids & self.pids[0]:
                self.pids.append(pids)


def read_status(folder: RunFolder, arm: str) -> TrialStatus:
    status = folder.trial(arm, "search_000").read_status()
    assert status is not None
    return status


def test_trials_that_share_a_process_survive_its_death_and_end_as_alone(ray_address: str, tmp_path: Path) -> None:
    study = tiny_study(
        arms=ARMS, budget={"trials_per_arm": 1, "total_kimg": 3, "evaluate_every_kimg": 0.5}, confirm={"top_k": 0}
    )
    shared = study.model_copy(update={"resources": study.resources.model_copy(update={"trials_per_gpu": 2})})
    alone, together = tiny_folder(tmp_path / "alone", study), tiny_folder(tmp_path / "together", shared)
    run_study(study, alone, address=ray_address)
    killer = Killer()
    run_study(shared, together, address=ray_address, on_start=killer.start)
    killer.done.set()

    assert [len(pids) for pids in killer.pids] == [1, 1]
    for arm in ARMS:
        status = read_status(together, arm)
        assert (status.state, status.num_restarts, status.reason) == (TrialState.COMPLETED, 1, None), arm
        (expected, of_alone), (found, of_together) = (
            (measured(trial.read_evaluations()), files(trial.storage.location, "samples", "snapshots"))
            for trial in (folder.trial(arm, "search_000") for folder in (alone, together))
        )
        assert len(expected) == 7
        assert found == expected, arm
        assert of_together == of_alone, arm
