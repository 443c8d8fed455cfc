"""rayjob.yaml against KubeRay's fields, and against what those let through."""

import copy
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from test_documents import calls, parse

from gan_study.config.reading.load import load_study

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parents[1]
SCHEMA = yaml.safe_load((FOLDER / "rayjob_schema.yaml").read_text())

Job = dict[str, Any]


def problems(job: Job) -> list[str]:
    """The faults of a manifest, one line each; empty without faults."""
    found = [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(job)
    ]
    if found:
        return found
    spec = job["spec"]
    cluster = spec["rayClusterSpec"]
    head, (workers,) = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    pods = {"head": head["template"]["spec"], "worker": workers["template"]["spec"]}
    if head["rayStartParams"].get("num-cpus") != "0":
        found.append("the head lends CPUs, so it would train")
    if cluster.get("authOptions", {}).get("mode") != "token":
        found.append("Ray asks for no token")
    if not 0 <= workers["minReplicas"] < workers["maxReplicas"] or not cluster["enableInTreeAutoscaling"]:
        found.append("workers do not come and go")
    if not spec["shutdownAfterJobFinishes"]:
        found.append("the cluster stays when the study has ended")
    found += [f"the {name} is not told to end with its Ray" for name in pods if pods[name]["restartPolicy"] != "Never"]
    if "spot" in str(pods["head"]):
        found.append("the head may be taken away")
    images = {container["image"] for pod in pods.values() for container in pod["containers"]}
    if len(images) != 1:
        found.append("head and workers have different images")
    return found + entrypoint_problems(spec["entrypoint"])


def entrypoint_problems(entrypoint: str) -> list[str]:
    (call,) = calls(entrypoint)
    verb, parameters = parse(call)
    load_study(REPOSITORY / parameters["study_file"], parameters["overrides"])
    wanted = {"verb": verb == "run", "--resume": parameters["continues"], "--address": parameters["address"] == "auto"}
    wanted["--out"] = parameters["out"].startswith("s3://")
    wanted["gpus_per_worker"] = any(each.startswith("resources.gpus_per_worker=") for each in parameters["overrides"])
    return [f"entrypoint: {name} is wrong in {shlex.join(call)}" for name, is_right in wanted.items() if not is_right]


@pytest.fixture
def job() -> Job:
    loaded: Job = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())
    return loaded


def test_the_manifest_is_valid(job: Job) -> None:
    assert problems(job) == []


def test_the_image_and_the_cluster_have_the_version_of_ray_of_the_cluster_file(job: Job) -> None:
    pinned = re.search(r"ray\[default,tune,train\]==([\d.]+)", (REPOSITORY / "cluster.yaml").read_text())
    assert pinned is not None
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == pinned[1]
    assert f"FROM rayproject/ray:{pinned[1]}-" in (FOLDER / "rayjob.yaml").read_text()


def set_value(path: str, value: object) -> Callable[[Job], None]:
    """Return a change of one value of a manifest; the path's parts are keys and list positions."""

    def change(job: Job) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        place: Any = job
        for part in parents:
            place = place[part]
        place[last] = value

    return change


CLUSTER = "spec/rayClusterSpec"
WORKERS = f"{CLUSTER}/workerGroupSpecs/0"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (set_value("spec/entryPoint", "python"), "'entryPoint' was unexpected"),
        (set_value("spec/backoffLimit", "5"), "'5' is not of type 'integer'"),
        (set_value(f"{CLUSTER}/authOptions", {"mode": "none"}), "'none' is not one of"),
        (set_value(f"{CLUSTER}/rayVersion", 2.6), "2.6 is not of type 'string'"),
        (set_value(f"{WORKERS}/maxReplica", 4), "'maxReplica' was unexpected"),
        (set_value(f"{WORKERS}/rayStartParams", {"num-gpus": 1}), "1 is not of type 'string'"),
        (set_value(f"{WORKERS}/template/spec/containers/0/resources/limits", {"memory": "16 GB"}), "does not match"),
        (set_value(f"{WORKERS}/minReplicas", 4), "workers do not come and go"),
        (set_value(f"{CLUSTER}/headGroupSpec/rayStartParams", {}), "so it would train"),
        (set_value(f"{CLUSTER}/authOptions", {"mode": "disabled"}), "no token"),
        (set_value(f"{CLUSTER}/headGroupSpec/template/spec/nodeSelector", {"capacity": "spot"}), "taken away"),
        (set_value(f"{WORKERS}/template/spec/containers/0/image", "other"), "different images"),
        (set_value("spec/shutdownAfterJobFinishes", False), "the cluster stays"),
        (
            set_value("spec/entrypoint", "python -m gan_study run studies/smoke.yaml --address auto --out s3://b/runs"),
            "entrypoint: --resume is wrong",
        ),
    ],
)
def test_a_fault_is_found(job: Job, change: Callable[[Job], None], problem: str) -> None:
    faulty = copy.deepcopy(job)
    change(faulty)
    assert any(problem in each for each in problems(faulty)), problems(faulty)
