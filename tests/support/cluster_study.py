"""A study on the cluster of test machines, and what it has left in its run folder so far."""

from dataclasses import dataclass
from pathlib import Path

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialStatus
from support.command import Running
from support.machines import Machine
from support.own_cluster import OwnCluster
from support.tiny_training import measured

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
budget: {trials_per_arm: 4, total_kimg: 30, evaluate_every_kimg: 5}
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


@dataclass(frozen=True)
class ClusterStudy:
    """A study on the cluster, begun or not."""

    cluster: OwnCluster
    place: Path
    text: str

    @property
    def folder(self) -> RunFolder:
        return RunFolder(str(self.place / "tiny"))

    def begin(self, out: str | None = None) -> list[str]:
        """Write its file; return the words of the command that begins it, in its place or in another."""
        (self.place / "tiny.yaml").write_text(f"name: tiny\n{self.text}")
        return ["run", str(self.place / "tiny.yaml"), "--out", out or str(self.place), "--address", "auto"]

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
            key: measured(evaluations)
            for key in self.statuses()
            if (evaluations := self.folder.trial(*key).read_evaluations())
        }

    def must_equal(self, undisturbed: "ClusterStudy", kept: dict[tuple[str, str], TrialStatus]) -> None:
        """Fail unless its trials have the scores of an undisturbed study, and those in `kept` were trained once."""
        assert self.finished().items() >= kept.items()
        assert self.scores() == undisturbed.scores()
        study = self.folder.read_study_status()
        assert study is not None
        assert study.state == "completed"
        assert (self.place / "tiny" / "report.html").exists()
