"""A check that all machines of a joined cluster can reach the run folder, which they cannot on a disk of one
machine."""

import socket
import uuid
from collections.abc import Mapping

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.storage import Storage

MARK_NAME = ".seen_by_every_machine"
_LIMIT_SEC = 60.0
"""Seconds that a machine may take to start the process that looks for the folder."""


def require_shared(folder: RunFolder) -> None:
    """Raise InputError if a machine of the cluster that may train cannot reach a run folder on a local path.

    A mounted network folder also is a local path, so each machine checks for itself. A machine that does not answer
    within a minute passes, as does one that is lost meanwhile: it may be busy, and its trials check again.
    """
    if not folder.storage.is_local:
        return
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    others = [node for node in nodes if node["NodeManagerHostname"] != socket.gethostname()]
    if not others:
        return
    mark = uuid.uuid4().hex
    folder.storage.write_text(MARK_NAME, mark)
    try:
        task = ray.remote(num_cpus=0, max_retries=0)(sees_mark)
        answers = {
            node["NodeManagerHostname"]: task.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            ).remote(folder.location, mark)
            for node in others
        }
        ray.wait([*answers.values()], num_returns=len(answers), timeout=_LIMIT_SEC)
        refuse_unless_seen(folder, {host: _has_seen(answer) for host, answer in answers.items()})
    finally:
        folder.storage.delete(MARK_NAME)


def refuse_unless_seen(folder: RunFolder, seen: Mapping[str, bool]) -> None:
    """Raise InputError with the names of the hosts that cannot reach the folder."""
    blind = sorted(host for host, sees in seen.items() if not sees)
    if blind:
        raise InputError(
            f"--out: every machine of the cluster must see the run folder, but got {folder.location}, which is not on "
            f"{', '.join(blind)}; give a folder that all of them mount, or an s3:// URI"
        )


def _has_seen(answer: "ray.ObjectRef[bool]") -> bool:
    try:
        return ray.get(answer, timeout=0)
    except RayError:
        return True


def sees_mark(location: str, mark: str) -> bool:
    """Return True if this machine reads in a run folder the mark that the study has just written there."""
    try:
        return Storage(location).read_text(MARK_NAME) == mark
    except FileNotFoundError:
        return False
