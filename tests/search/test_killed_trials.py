"""Trial processes that die: the trial goes on from its checkpoint, or the study without it."""

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState as OptunaState
from tiny_study import tiny_folder, tiny_study

from gan_study.runs.folder import RunFolder
from gan_study.runs.records import EvaluationRecord, TrialState, TrialStatus
from gan_study.search.director import Director
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def read_status(folder: RunFolder, arm: str, name: str = "search_000") -> TrialStatus:
    status = folder.trial(arm, name).read_status()
    assert status is not None
    return status


@dataclass
class Killer:
    """Kills a trial's process each time the study has heard of an evaluation at half of its budget or later."""

    times: dict[str, int]
    """How often, by arm."""
    killed: list[int] = field(default_factory=list)

    def start(self, director: Director) -> None:
        self._director = director

    def look(self) -> None:
        for (arm, name), trial in self._director.trials.items():
            status = trial.folder.read_status()
            if self.times.get(arm, 0) and trial.cur_nimg >= 1024 and status is not None and status.pid is not None:
                if status.pid in self.killed:
                    continue  # its successor has not begun yet
                assert name == "search_000"
                self.times[arm] -= 1
                self.killed.append(status.pid)
                os.kill(status.pid, signal.SIGKILL)


def measured(evaluation: EvaluationRecord) -> tuple[object, ...]:
    return evaluation.cur_nimg, evaluation.num_g_steps, evaluation.score, evaluation.class_shares, evaluation.losses


def test_a_killed_trial_goes_on_from_its_checkpoint(ray_address: str, tmp_path: Path) -> None:
    """Three arms that are the same but in name; the process of one is killed once, that of another too often."""
    arm = {"network": "dcgan", "loss": "least_squares"}
    study = tiny_study(
        arms={"undisturbed": arm, "once": arm, "too_often": arm},
        budget={"trials_per_arm": 1, "total_kimg": 2, "evaluate_every_kimg": 0.5},
        confirm={"top_k": 0},
        resources={"max_retries": 1, "max_concurrent_trials": 1},
    )
    folder = tiny_folder(tmp_path / "tiny", study)
    killer = Killer({"once": 1, "too_often": 2})
    run_study(study, folder, address=ray_address, on_start=killer.start, on_change=killer.look)

    assert len(killer.killed) == 3
    assert read_status(folder, "undisturbed").num_restarts == 0
    once = read_status(folder, "once")
    assert (once.state, once.num_restarts, once.reason) == (TrialState.COMPLETED, 1, None)
    expected = [measured(e) for e in folder.trial("undisturbed", "search_000").read_evaluations()]
    assert [row[0] for row in expected] == [0, 512, 1024, 1536, 2048]
    assert [measured(e) for e in folder.trial("once", "search_000").read_evaluations()] == expected

    too_often = read_status(folder, "too_often")
    assert (too_often.state, too_often.num_restarts, too_often.pid) == (TrialState.FAILED, 1, None)
    assert too_often.reason == "its process died: The actor died unexpectedly before finishing this task."
    study_status = folder.read_study_status()
    assert study_status is not None
    assert study_status.state == "completed"
    optuna_study = optuna.load_study(
        study_name="tiny/too_often", storage=f"sqlite:///{folder.storage.local_path('optuna.db')}"
    )
    (trial,) = optuna_study.trials
    assert (trial.state, trial.user_attrs["state"]) == (OptunaState.COMPLETE, "failed")
