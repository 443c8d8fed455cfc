"""Faults of a cluster that take minutes to survive while a study runs: `pytest -m cluster_long` runs these tests."""

import time

import pytest
from support.cluster_study import ClusterStudy
from support.command import LIMIT_SEC
from support.own_cluster import OwnCluster

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.cluster_long, pytest.mark.timeout(1800)]

CUT_OFF_SEC = 60.0


def test_a_study_survives_a_machine_that_is_cut_off_for_a_minute(
    cluster: OwnCluster, undisturbed: ClusterStudy, study: ClusterStudy
) -> None:
    machine = cluster.workers[0]
    with study.running(study.begin()) as run:
        run.wait_until(lambda: study.trains_on(machine))
        kept = study.finished()
        machine.cut_off(cluster.user)
        time.sleep(CUT_OFF_SEC)
        machine.reconnect(cluster.user)
        assert run.process.wait(LIMIT_SEC) == 0
    assert any(trial.num_restarts for trial in study.statuses().values())
    study.must_equal(undisturbed, kept)
    cluster.wait_for_machines()


def test_a_study_continues_after_the_end_of_the_heads_ray(
    cluster: OwnCluster, undisturbed: ClusterStudy, study: ClusterStudy
) -> None:
    with study.running(study.begin()) as run:
        run.wait_until(lambda: len(study.finished()) > 1 and study.trains_on(cluster.workers[0]))
        cluster.head.run("pkill", "-KILL", "--exact", "gcs_server|raylet")
        assert run.process.wait(LIMIT_SEC) == 2
        assert "the Ray cluster must stay up until the study has ended, but" in run.err
        assert "Traceback" not in run.err
    kept = study.finished()
    cluster.up()
    cluster.gan_study(*study.resume())
    study.must_equal(undisturbed, kept)
