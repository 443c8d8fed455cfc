"""What a study runs with is recorded beside what it ran with before."""

from pathlib import Path

from gan_study.runs.environment import Environment
from gan_study.runs.folder import RunFolder
from gan_study.search.cluster import Cluster
from gan_study.search.environment import record_environment


def test_going_on_elsewhere_keeps_where_the_study_began(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    began = Environment(versions={"torch": "2.7"}, hosts=("a workstation",), commit="1a2b3c4", command="gan_study run")
    folder.write_environment(began)
    for _ in range(2):  # the second time there is nothing new
        record_environment(folder, Cluster(num_cpus=2.0, num_gpus=0.0, hosts=("another",), joined=False))
        found = folder.read_environment()
        assert found is not None
        assert [each.hosts for each in found.all] == [("a workstation",), ("another",)]
    assert found.earlier[0].commit == "1a2b3c4"
    assert "torch" in found.versions
