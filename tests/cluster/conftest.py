from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machines import require_namespaces, running_machines
from support.own_cluster import OwnCluster


@pytest.fixture(scope="package")
def cluster(extractor_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    """A Ray cluster on three machines with one CPU each."""
    require_namespaces()
    folder = tmp_path_factory.mktemp("machines")
    with running_machines(folder, 3) as machines:
        yield OwnCluster(machines, folder, cpus_per_machine=1)
