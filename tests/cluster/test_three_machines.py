"""Studies on three machines that `ray up` has made a cluster of, undisturbed and with what may happen to machines."""

from itertools import combinations
from pathlib import Path

import pytest
from support.cluster_study import TWO_WORKERS, ClusterStudy
from support.command import LIMIT_SEC
from support.own_cluster import OwnCluster

from gan_study.runs.records.status import TrialState, TrialStatus

# The time of the first test includes the start of the cluster.
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1200)]

ALL = [(arm, f"search_{index:03d}") for arm in ("hinge", "lsgan") for index in range(4)]


def overlap(one: TrialStatus, other: TrialStatus) -> bool:
    """Return True if two trials were trained at the same time, at least in part."""
    return max(one.start_time or 0, other.start_time or 0) < min(one.end_time or 0, other.end_time or 0)


def test_trials_of_one_worker_use_all_machines_at_the_same_time(cluster: OwnCluster, undisturbed: ClusterStudy) -> None:
    trials = undisturbed.statuses()
    assert {key: trial.state for key, trial in trials.items()} == dict.fromkeys(ALL, TrialState.COMPLETED)
    machines = [cluster.head, *cluster.workers]
    for one, other in combinations([machine.name for machine in machines], 2):
        pairs = [(a, b) for a in trials.values() for b in trials.values() if (a.host, b.host) == (one, other)]
        assert any(overlap(a, b) for a, b in pairs), (one, other)
    # One process for all the trials of a machine; others prepare the study and look for the run folder.
    assert max(machine.num_ray_workers() for machine in machines) <= 5


def test_a_trial_of_two_workers_spans_two_machines(cluster: OwnCluster, tmp_path: Path) -> None:
    """The name of each machine leads to its loopback, and Ray has one CPU on each."""
    study = ClusterStudy(cluster, tmp_path, TWO_WORKERS)
    cluster.gan_study(*study.begin())
    (trial,) = study.statuses().values()
    assert (trial.state, trial.reason, trial.num_restarts) == (TrialState.COMPLETED, None, 0)
    config = study.folder.trial("lsgan", "search_000").read_config()
    assert config is not None
    assert config.workers.num_workers == 2
    assert (tmp_path / "tiny" / "report.html").exists()


def test_a_run_folder_that_only_the_head_sees_is_refused(cluster: OwnCluster, study: ClusterStudy) -> None:
    alone = "/dev/shm/runs"
    with study.running(study.begin(out=alone)) as run:
        assert run.process.wait(LIMIT_SEC) == 2
        names = ", ".join(worker.name for worker in cluster.workers)
        assert f"but got {alone}/tiny, which is not on {names}; give a folder that all of them mount" in run.err


def test_a_study_survives_a_lost_machine_a_full_disk_and_the_end_of_its_command(
    cluster: OwnCluster, undisturbed: ClusterStudy, study: ClusterStudy
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

    study.must_equal(undisturbed, kept)
