from collections.abc import Iterator
from pathlib import Path

import pytest
from support import command
from support.cluster_study import SPREAD, ClusterStudy
from support.machines import require_namespaces, running_machines
from support.own_cluster import OwnCluster


@pytest.fixture(scope="package")
def cluster(extractor_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    """A Ray cluster on three machines with one CPU each."""
    require_namespaces()
    folder = tmp_path_factory.mktemp("machines")
    with running_machines(folder, 3) as machines:
        yield OwnCluster(machines, folder, cpus_per_machine=1)


@pytest.fixture(scope="package")
def undisturbed(cluster: OwnCluster, tmp_path_factory: pytest.TempPathFactory) -> ClusterStudy:
    """A study to which nothing has happened."""
    study = ClusterStudy(cluster, tmp_path_factory.mktemp("undisturbed"), SPREAD)
    cluster.gan_study(*study.begin())
    return study


@pytest.fixture
def study(cluster: OwnCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterStudy:
    """That study before it has begun."""
    monkeypatch.setattr(command, "COMMAND", [])  # which is in the words of `ClusterStudy.running`
    return ClusterStudy(cluster, tmp_path, SPREAD)
