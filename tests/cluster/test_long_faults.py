"""Faults of a cluster that take minutes to survive while a study runs: `pytest -m cluster_long` runs these tests."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.cluster_study import ClusterStudy
from support.command import LIMIT_SEC
from support.machines import Machine
from support.own_cluster import STORE_KEYS, OwnCluster

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.cluster_long, pytest.mark.timeout(1800)]

CUT_OFF_SEC = 60.0
HANG_SEC = 30.0
PORT = 9000
MAKE_BUCKET = """
import sys, time, boto3
client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
for second in range(60):
    try:
        client.create_bucket(Bucket="bucket")
        break
    except Exception:
        time.sleep(1)
"""
COPY = "import sys; from gan_study.runs.folder import RunFolder; RunFolder(sys.argv[1]).storage.download(sys.argv[2])"


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


class ObjectStore:
    """moto's S3 server on the user's machine, which all others reach."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._endpoint = machine, f"{machine.address}:{PORT}"
        self.place = f"s3://bucket/runs?scheme=http&endpoint_override={self._endpoint}&region=us-east-1"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve an empty bucket until the end of the block."""
        serve = f"{sys.executable} -m moto.server --host {self._machine.address} --port {PORT} > /dev/null 2>&1 &"
        self._machine.run("bash", "-c", serve)
        try:
            self._machine.run(sys.executable, "-c", MAKE_BUCKET, f"http://{self._endpoint}", variables=STORE_KEYS)
            yield
        finally:
            self._signal("KILL")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Take connections inside the block, but answer nothing."""
        self._signal("STOP")
        try:
            yield
        finally:
            self._signal("CONT")

    def _signal(self, name: str) -> None:
        self._machine.run("pkill", f"-{name}", "--full", "moto.server")


def test_a_study_survives_an_object_store_that_hangs_for_half_a_minute(
    cluster: OwnCluster, undisturbed: ClusterStudy, study: ClusterStudy
) -> None:
    store = ObjectStore(cluster.user)
    place = store.place.replace("runs?", "runs/tiny?")

    def copied(name: str) -> ClusterStudy:
        copy = ClusterStudy(cluster, study.place / name, study.text)
        cluster.head.run(*cluster.shell("python", "-c", COPY, place, copy.place / "tiny"))
        return copy

    with store.running():
        with study.running(study.begin(out=store.place)) as run:
            run.wait_until(lambda: "(3 of 8 trials" in run.out)
            kept = copied("before").finished()
            with store.hanging():
                time.sleep(HANG_SEC)
            assert run.process.wait(LIMIT_SEC) == 0
        copied("after").must_equal(undisturbed, kept)
    assert kept
