"""The room for trials on clusters of all kinds, without Ray."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gan_study.config.study import ResourcesConfig
from gan_study.errors import InputError
from gan_study.search.capacity import Capacity, Growth, Machine, MachineType
from gan_study.search.cluster import Cluster, gpus_per_worker
from gan_study.search.growth import read_growth

HEAD = Machine(0, 0)
GPU_WORKERS = Growth((MachineType("gpu_worker", Machine(4, 1), 4),), 4)
UNKNOWN = Growth(types=None)
CLUSTER_FILE = Path(__file__).parents[2] / "cluster.yaml"


def resources(**changes: Any) -> ResourcesConfig:
    return ResourcesConfig.model_validate({"gpus_per_worker": 0} | changes)


@pytest.mark.parametrize(
    ("changes", "machines", "num"),
    [
        ({}, [Machine(4, 0), Machine(2, 0)], 6),
        ({"cpus_per_worker": 8}, [Machine(4, 0), Machine(4, 0)], 0),
        ({"cpus_per_worker": 3}, [Machine(4, 0), Machine(4, 0)], 2),
        ({"workers_per_trial": 3}, [Machine(4, 0), Machine(4, 0)], 2),
        ({"workers_per_trial": 2, "cpus_per_worker": 4}, [Machine(4, 0), Machine(4, 0)], 1),
        ({"workers_per_trial": {"min": 2, "max": 3}}, [Machine(1, 0)], 0),
        ({"workers_per_trial": {"min": 2, "max": 3}}, [Machine(1, 0), Machine(1, 0)], 1),
        ({"workers_per_trial": {"min": 2, "max": 3}}, [Machine(4, 0), Machine(4, 0)], 2),
        ({"gpus_per_worker": 2.0}, [Machine(8, 1), Machine(8, 1), Machine(8, 3)], 1),
        ({"gpus_per_worker": 0.4}, [Machine(8, 2)], 4),
        ({"gpus_per_worker": 0.1}, [Machine(64, 1)], 10),
        ({"gpus_per_worker": 0.25}, [Machine(2, 1), HEAD], 2),
        ({"trials_per_gpu": 2}, [Machine(5, 0), Machine(1, 0)], 4),
        ({"trials_per_gpu": 2, "cpus_per_worker": 2}, [Machine(3, 0), Machine(4, 0)], 2),
        ({"trials_per_gpu": 8, "gpus_per_worker": 1}, [Machine(16, 1), Machine(7, 1)], 8),
    ],
)
def test_a_worker_fits_on_one_machine_and_one_gpu(changes: dict[str, Any], machines: list[Machine], num: int) -> None:
    assert Capacity(resources(**changes), machines, None).num_fitting == num


@pytest.mark.parametrize(
    ("machines", "growth", "stated", "wanted"),
    [
        ([Machine(4, 1)] * 2, None, "auto", 2),
        ([HEAD], None, "auto", 1),
        ([Machine(4, 1)] * 2, None, 1, 1),
        ([Machine(4, 1)] * 2, None, 8, 3),  # The one that waits shows what an unknown autoscaler should start.
        ([HEAD], GPU_WORKERS, "auto", 4),
        ([HEAD, Machine(4, 1)], GPU_WORKERS, "auto", 4),
        ([HEAD] + [Machine(4, 1)] * 4, GPU_WORKERS, "auto", 4),
        ([HEAD], GPU_WORKERS, 3, 3),
        ([HEAD], Growth((MachineType("w", Machine(4, 1), 100),), 100), "auto", 5),
        ([Machine(4, 1)] * 20, Growth((MachineType("w", Machine(4, 1), 100),), 100), "auto", 40),
        ([Machine(4, 1)] * 80, Growth((MachineType("w", Machine(4, 1), 100),), 100), "auto", 100),
        ([Machine(4, 1)] * 2, UNKNOWN, "auto", 3),
        ([HEAD], UNKNOWN, 8, 5),
        ([HEAD], UNKNOWN, 2, 2),
    ],
)
def test_the_number_of_open_trials_follows_the_cluster(
    machines: list[Machine], growth: Growth | None, stated: int | str, wanted: int
) -> None:
    at_once = resources(gpus_per_worker=1, max_concurrent_trials=stated)
    assert Capacity(at_once, machines, growth).num_wanted == wanted


def test_the_largest_cluster_takes_the_largest_machines_first() -> None:
    types = (MachineType("small", Machine(4, 1), 10), MachineType("large", Machine(32, 8), 2))
    assert Capacity(resources(gpus_per_worker=1), [HEAD], Growth(types, 5)).max_fitting == 2 * 8 + 3


def test_a_head_that_trains_has_room_beside_the_machines_that_may_come(tmp_path: Path) -> None:
    (tmp_path / "ray_bootstrap_config.yaml").write_text(
        "{head_node_type: head, max_workers: 2, available_node_types: {head: {}, worker: {resources: {CPU: 4}}}}"
    )
    node = head_node("head")
    growth = read_growth([{**node, "Resources": {**node["Resources"], "CPU": 4.0}}], tmp_path)
    capacity = Capacity(resources(), [Machine(4, 0)], growth)
    assert capacity.max_fitting == 4 + 2 * 4
    assert Capacity(resources(), [Machine(4, 0)] * 2, growth).num_wanted == 4 + 2 * 4


@pytest.mark.parametrize(
    ("changes", "growth", "there"),
    [
        (
            {"cpus_per_worker": 8},
            None,
            "8 CPUs and 0 GPUs needed (workers_per_trial=1, cpus_per_worker=8, gpus_per_worker=0, trials_per_gpu=1) "
            "with 2 machines of at most 4 CPUs and 0 GPUs, together 8 CPUs and 0 GPUs; lower these",
        ),
        (
            {"workers_per_trial": 2, "gpus_per_worker": 2, "max_concurrent_trials": 1},
            GPU_WORKERS,
            "2 workers with 1 CPU and 2 GPUs each needed (workers_per_trial=2, cpus_per_worker=1, gpus_per_worker=2, "
            "trials_per_gpu=1) with 2 machines of at most 4 CPUs and 0 GPUs, together 8 CPUs and 0 GPUs; its "
            "autoscaler may start 4 gpu_worker (4 CPUs and 1 GPU), at most 4 in all; lower these",
        ),
    ],
)
def test_a_trial_that_never_fits_is_refused_with_the_numbers(
    changes: dict[str, Any], growth: Growth | None, there: str
) -> None:
    capacity = Capacity(resources(**changes), [Machine(4, 0)] * 2, growth)
    with pytest.raises(InputError) as error:
        capacity.require_room()
    assert there in str(error.value)


def test_a_trial_that_may_fit_later_is_waited_for() -> None:
    capacity = Capacity(resources(gpus_per_worker=1), [HEAD], GPU_WORKERS)
    capacity.require_room()
    assert capacity.waiting_for() == (
        "waiting for machines: a trial needs 1 CPU and 1 GPU, and the cluster has no machine that takes trials; its "
        "autoscaler may start 4 gpu_worker (4 CPUs and 1 GPU), at most 4 in all"
    )
    Capacity(resources(gpus_per_worker=1), [HEAD], UNKNOWN).require_room()
    assert Capacity(resources(), [Machine(1, 0)], None).waiting_for() is None


def head_node(group: str | None) -> dict[str, Any]:
    labels = {} if group is None else {"ray.io/node-group": group}
    return {"Resources": {"node:__internal_head__": 1.0}, "Labels": labels}


def test_the_shipped_cluster_file_tells_how_far_the_cluster_grows(tmp_path: Path) -> None:
    (tmp_path / "ray_bootstrap_config.yaml").write_bytes(CLUSTER_FILE.read_bytes())
    growth = read_growth([head_node("head")], tmp_path)
    assert growth is not None
    assert growth.types
    assert max(each.machine.num_gpus for each in growth.types) == 1
    described = YAML(typ="safe").load(CLUSTER_FILE)
    assert growth.max_workers == described["max_workers"]
    assert {each.name for each in growth.types} == described["available_node_types"].keys() - {"head"}
    assert read_growth([head_node(None)], tmp_path) is None, "a description that another cluster has left"
    assert read_growth([head_node("another_head")], tmp_path) == UNKNOWN
    assert read_growth([head_node("head")], tmp_path / "nothing_here") == UNKNOWN


def test_gpus_are_requested_if_machines_with_gpus_may_come() -> None:
    def auto(machine: Machine, growth: Growth | None) -> float:
        return gpus_per_worker(ResourcesConfig(), Cluster((machine,), growth, joined=True))

    assert auto(HEAD, GPU_WORKERS) == 1
    assert auto(Machine(4, 0), None) == 0
    assert auto(Machine(4, 2), UNKNOWN) == 1
    with pytest.raises(InputError, match="give a number such as 1 or 0"):
        auto(HEAD, UNKNOWN)
