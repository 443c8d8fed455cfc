"""The machines that the autoscaler of a joined cluster may start, as far as the cluster tells.

Ray has no public function that says so. A machine that `ray up` or KubeRay started has its group as a label, and
`ray up` leaves the whole description of the cluster on the head. KubeRay leaves none.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gan_study.search.capacity import Growth, Machine, MachineType

_HEAD = "node:__internal_head__"
"""Ray's own resource, which only the head has."""
_GROUP = "ray.io/node-group"
_DESCRIPTION = "ray_bootstrap_config.yaml"
"""The file of `ray up` in the home folder of its user on the head."""


def read_growth(nodes: Sequence[Mapping[str, Any]], home: Path | None = None) -> Growth | None:
    """Return the machines that a cluster may start; None if nothing shows that it has an autoscaler.

    Args:
        nodes: the living nodes, as `ray.nodes()` describes them.
        home: the folder with the description that `ray up` has left; default: the user's home folder.
    """
    head = next((node for node in nodes if _HEAD in node["Resources"]), None)
    group = head.get("Labels", {}).get(_GROUP) if head is not None else None
    if head is None or not group:
        return None
    described = _read_description(home or Path.home())
    # A description that was left by another cluster on this machine names another head.
    if described.get("head_node_type") != group:
        return Growth(types=None)
    max_workers = int(described["max_workers"])
    types: list[MachineType] = []
    for name, node_type in described["available_node_types"].items():
        resources = node_type.get("resources", {})
        if name == group:
            continue
        if "CPU" not in resources:
            return Growth(types=None)
        types.append(
            MachineType(name, _machine(resources), min(max_workers, int(node_type.get("max_workers", max_workers))))
        )
    return Growth(tuple(types), max_workers, _machine(head["Resources"]))


def _machine(resources: Mapping[str, float]) -> Machine:
    return Machine(float(resources.get("CPU", 0)), float(resources.get("GPU", 0)))


def _read_description(home: Path) -> dict[str, Any]:
    try:
        described = YAML(typ="safe").load(home / _DESCRIPTION)
    except (OSError, YAMLError):
        return {}
    required = {"head_node_type", "max_workers", "available_node_types"}
    return described if isinstance(described, dict) and required <= described.keys() else {}
