"""Studies on three machines that `ray up` has made a cluster of, undisturbed and with what may happen to machines."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from support import command
from support.command import Running
from support.machines import Machine
from support.own_cluster import OwnCluster

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState, TrialStatus

pytestmark = [pytest.mark.ray, pytest.mark.slow]

TINY = """\
dataset: {name: digits, image_size: 16}
objective: {num_samples: 200}
search_space: {g_lr: {log_uniform: [1e-4, 1e-2]}}
search: {sampler: random, scheduler: none}
confirm: {top_k: 0}
diagnosis: {at_end: none}
defaults: {network: {width: 16}}
"""
# The number of a trial alone decides about its values and its seed, so the same trials follow from both.
SPREAD = (
    TINY
    + """\
budget: {trials_per_arm: 6, total_kimg: 30, evaluate_every_kimg: 5}
arms:
  lsgan: {network: mlp, loss: least_squares}
  hinge: {network: mlp, loss: hinge}
"""
)
TWO_WORKERS = (
    TINY
    + """\
budget: {trials_per_arm: 1, total_kimg: 2, evaluate_every_kimg: 1}
arms: {lsgan: {network: mlp, loss: least_squares}}
resources: {workers_per_trial: 2}
"""
)
ALL = [(arm, f"search_{index:03d}") for arm in ("hinge", "lsgan") for index in range(6)]


@dataclass(frozen=True)
class Study:
    """A study on the cluster, begun or not."""

    cluster: OwnCluster
    place: Path
    text: str

    @property
    def folder(self) -> RunFolder:
        return RunFolder(str(self.place / "tiny"))

    def begin(self) -> list[str]:
        """Write its file; return the words of the command that begins it."""
        (self.place / "tiny.yaml").write_text(f"name: tiny\n{self.text}")
        return ["run", str(self.place / "tiny.yaml"), "--out", str(self.place), "--address", "auto"]

    def resume(self) -> list[str]:
        """Return the words of the command that resumes it."""
        return ["resume", self.folder.location, "--address", "auto"]

    def running(self, words: list[str]) -> Running:
        """Return the command with these words, which runs on the head until the context ends."""
        return Running(self.place, *self.cluster.head.command(*self.cluster.gan_study_command(*words)))

    def statuses(self) -> dict[tuple[str, str], TrialStatus]:
        keys = [(arm, name) for arm in self.folder.arms() for name in self.folder.trials(arm)]
        found = {key: self.folder.trial(*key).read_status() for key in keys}
        return {key: status for key, status in found.items() if status is not None}

    def trains_on(self, machine: Machine) -> bool:
        """Return True if a trial that trains there has been evaluated after its first step."""
        return any(
            status.host == machine.name
            and not status.state.is_final
            and len(self.folder.trial(*key).read_evaluations()) > 2
            for key, status in self.statuses().items()
        )

    def finished(self) -> dict[tuple[str, str], TrialStatus]:
        """The trials that have been finished, with their times."""
        return {key: status for key, status in self.statuses().items() if status.state.is_final}

    def scores(self) -> dict[tuple[str, str], list[EvaluationRecord]]:
        """All that was measured, but for seconds."""
        return {
            key: [e.model_copy(update={"train_sec": 0.0, "evaluate_sec": 0.0}) for e in evaluations]
            for key in self.statuses()
            if (evaluations := self.folder.trial(*key).read_evaluations())
        }


@pytest.fixture(scope="module")
def undisturbed(cluster: OwnCluster, tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(cluster, tmp_path_factory.mktemp("undisturbed"), SPREAD)
    cluster.gan_study(*study.begin())
    return study


@pytest.fixture
def study(cluster: OwnCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(command, "COMMAND", [])  # which is in the words of `Study.running`
    return Study(cluster, tmp_path, SPREAD)


def overlap(one: TrialStatus, other: TrialStatus) -> bool:
    """Return True if two trials were trained at the same time, at least in part."""
    return max(one.start_time or 0, other.start_time or 0) < min(one.end_time or 0, other.end_time or 0)


def test_trials_of_one_worker_use_all_machines_at_the_same_time(cluster: OwnCluster, undisturbed: Study) -> None:
    trials = undisturbed.statuses()
    assert {key: trial.state for key, trial in trials.items()} == dict.fromkeys(ALL, TrialState.COMPLETED)
    machines = [cluster.head, *cluster.workers]
    for one, other in combinations([machine.name for machine in machines], 2):
        pairs = [(a, b) for a in trials.values() for b in trials.values() if (a.host, b.host) == (one, other)]
        assert any(overlap(a, b) for a, b in pairs), (one, other)
    # One process for all the trials of a machine; others prepare the study and look for the run folder.
    assert max(machine.num_ray_workers() for machine in machines) <= 4


def test_a_trial_of_two_workers_spans_two_machines(cluster: OwnCluster, tmp_path: Path) -> None:
    """The name of each machine leads to its loopback, and Ray has one CPU on each."""
    study = Study(cluster, tmp_path, TWO_WORKERS)
    cluster.gan_study(*study.begin())
    (trial,) = study.statuses().values()
    assert (trial.state, trial.reason, trial.num_restarts) == (TrialState.COMPLETED, None, 0)
    config = study.folder.trial("lsgan", "search_000").read_config()
    assert config is not None
    assert config.workers.num_workers == 2
    assert (tmp_path / "tiny" / "report.html").exists()


def test_a_study_survives_a_lost_machine_a_full_disk_and_the_end_of_its_command(
    cluster: OwnCluster, undisturbed: Study, study: Study
) -> None:
    full, lost = cluster.workers
    with study.running(study.begin()) as run:
        run.wait_until(lambda: study.trains_on(lost))
        full.fill_disk()
        lost.switch_off()
        run.wait_until(lambda: any(trial.num_restarts == 1 for trial in study.statuses().values()))
        status = study.folder.read_study_status()
        assert status is not None
        cluster.head.run("kill", "-KILL", status.pid)
        run.process.wait(60)
    kept = study.finished()
    full.empty_disk()
    lost.switch_on(cluster.user)
    cluster.gan_study(*study.resume())

    assert study.finished().items() >= kept.items()
    assert study.scores() == undisturbed.scores()
    assert (study.place / "tiny" / "report.html").exists()
