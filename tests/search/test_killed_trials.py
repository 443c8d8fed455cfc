"""Trial processes that die: the trial resumes from its checkpoint, or the study continues without it."""

import os
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState as OptunaState
from support.tiny_study import tiny_folder, tiny_study
from support.tiny_training import measured

from gan_study.analysis.load_run import load_run
from gan_study.analysis.summary import summarise
from gan_study.errors import GanStudyError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.director.director import Director
from gan_study.search.run import run_study

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def read_status(folder: RunFolder, arm: str, name: str = "search_000") -> TrialStatus:
    status = folder.trial(arm, name).read_status()
    assert status is not None
    return status


@dataclass
class Killer:
    """Kills trials' processes: of one arm after several evaluations, of another twice without an evaluation between."""

    after: dict[str, list[int]]
    """By arm, the images at the evaluations that the study must have received before each kill."""
    killed: list[int] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def start(self, director: Director) -> None:
        """Look again and again, because a trial that has begun anew sends no new evaluation for a while."""
        self._director = director
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self.done.wait(0.02):
            for (arm, _), trial in list(self._director.trials.items()):
                status, after = trial.folder.read_status(), self.after.get(arm)
                if not after or status is None or status.pid is None or status.pid in self.killed:
                    continue  # or its successor has not begun yet
                if trial.cur_nimg >= after[0]:
                    after.pop(0)
                    self.killed.append(status.pid)
                    os.kill(status.pid, signal.SIGKILL)


def test_a_killed_trial_goes_on_from_its_checkpoint(ray_address: str, tmp_path: Path) -> None:
    """Three arms that differ in name only. Retries count from the last evaluation."""
    arm = {"network": "dcgan", "loss": "least_squares"}
    study = tiny_study(
        arms={"undisturbed": arm, "twice": arm, "too_often": arm},
        budget={"trials_per_arm": 1, "total_kimg": 2, "evaluate_every_kimg": 0.5},
        confirm={"top_k": 0},
        resources={"max_retries": 1, "max_concurrent_trials": 1},
    )
    folder = tiny_folder(tmp_path / "tiny", study)
    killer = Killer({"twice": [512, 1024], "too_often": [1024, 1024]})
    run_study(study, folder, address=ray_address, on_start=killer.start)
    killer.done.set()

    assert killer.after == {"twice": [], "too_often": []}
    assert read_status(folder, "undisturbed").num_restarts == 0
    twice = read_status(folder, "twice")
    assert (twice.state, twice.num_restarts, twice.reason) == (TrialState.COMPLETED, 2, None)
    expected = measured(folder.trial("undisturbed", "search_000").read_evaluations())
    assert [evaluation.cur_nimg for evaluation in expected] == [0, 512, 1024, 1536, 2048]
    assert measured(folder.trial("twice", "search_000").read_evaluations()) == expected

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


def test_if_all_trials_die_before_they_have_trained_the_study_ends_and_can_be_resumed(
    ray_address: str, tmp_path: Path
) -> None:
    arm = {"network": "dcgan", "loss": "least_squares"}
    study = tiny_study(
        arms={"one": arm, "two": arm},
        budget={"trials_per_arm": 1, "total_kimg": 0.5, "evaluate_every_kimg": 0.5},
        confirm={"top_k": 0},
        resources={"max_retries": 0, "max_concurrent_trials": 1},
    )
    folder = tiny_folder(tmp_path / "tiny", study)
    killer = Killer({"one": [0], "two": [0]})
    died = "its process died: The actor died unexpectedly before finishing this task."
    with pytest.raises(GanStudyError, match=r"the same failure from one/search_000 and two/search_000 before") as error:
        run_study(study, folder, address=ray_address, on_start=killer.start)
    killer.done.set()
    assert str(error.value).count(died) == 1
    status = folder.read_study_status()
    assert status is not None
    assert (status.state, status.reason) == ("interrupted", str(error.value))
    (note,) = summarise(load_run(folder)).notes
    assert note == f"The study stopped before its end: {error.value}."

    director = run_study(study, folder, address=ray_address)
    assert {trial.state for trial in director.trials.values()} == {TrialState.COMPLETED}
    assert len(director.trials) == 2
    after = folder.read_study_status()
    assert after is not None
    assert (after.state, after.reason) == ("completed", None)
