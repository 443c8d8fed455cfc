"""Studies on three machines that `ray up` has made a cluster of."""

from itertools import combinations
from pathlib import Path

import pytest
from support.machines import Machine
from support.own_cluster import OwnCluster

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus

pytestmark = [pytest.mark.ray, pytest.mark.slow]

TINY = """\
dataset: {name: digits, image_size: 16}
objective: {num_samples: 200}
search_space: {g_lr: {log_uniform: [1e-4, 1e-2]}}
search: {scheduler: none}
confirm: {top_k: 0}
diagnosis: {at_end: none}
defaults: {network: {name: mlp, width: 16}}
arms:
  lsgan: {network: mlp, loss: least_squares}
  hinge: {network: mlp, loss: hinge}
"""


def statuses(folder: RunFolder) -> list[TrialStatus]:
    found = [folder.trial(arm, name).read_status() for arm in folder.arms() for name in folder.trials(arm)]
    return [status for status in found if status is not None]


def num_processes(machine: Machine) -> int:
    """The worker processes that Ray has started on a machine so far."""
    return len(machine.run("bash", "-c", "ls /tmp/ray/session_latest/logs/worker-*.out || true").splitlines())


def overlap(one: TrialStatus, other: TrialStatus) -> bool:
    """Return True if two trials were trained at the same time, at least in part."""
    assert None not in (one.start_time, one.end_time, other.start_time, other.end_time)
    return max(one.start_time or 0, other.start_time or 0) < min(one.end_time or 0, other.end_time or 0)


def test_trials_of_one_worker_use_all_machines_at_the_same_time(cluster: OwnCluster, tmp_path: Path) -> None:
    study = tmp_path / "spread.yaml"
    study.write_text(f"name: spread\n{TINY}budget: {{trials_per_arm: 6, total_kimg: 30, evaluate_every_kimg: 10}}\n")
    machines = [cluster.head, *cluster.workers]
    before = [num_processes(machine) for machine in machines]
    cluster.gan_study("run", study, "--out", tmp_path, "--address", "auto")
    started = [num_processes(machine) - number for machine, number in zip(machines, before, strict=True)]

    trials = statuses(RunFolder(str(tmp_path / "spread")))
    assert [trial.state for trial in trials] == [TrialState.COMPLETED] * 12
    for one, other in combinations([machine.name for machine in machines], 2):
        assert any(overlap(a, b) for a in trials for b in trials if (a.host, b.host) == (one, other)), (one, other)
    # One process for all the trials of a machine; others prepare the study and look for the run folder.
    assert max(started) <= 3, started
