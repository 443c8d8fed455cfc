"""A watch on a study's Ray cluster. If the cluster is lost, Ray itself waits forever, or ends the driver silently."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RaySystemError,
    RpcError,
    WorkerCrashedError,
)

from gan_study.errors import GanStudyError

LOSSES = (
    ConnectionError,
    LocalRayletDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RaySystemError,
    RpcError,
    WorkerCrashedError,
)
"""Ray's exceptions in the driver if the cluster, or a process that the driver waits for, is lost."""
_PERIOD_SEC = 2.0
PATIENCE_SEC = 30.0
"""Seconds without a head node that count as a loss. A restarted one may be back; Ray ends the driver after a minute."""


class ClusterLostError(GanStudyError):
    """The Ray cluster has gone while a study was running on it."""

    def __init__(self, run_folder: str, reason: str) -> None:
        super().__init__(
            f"{run_folder}: the Ray cluster must stay up until the study has ended, but {reason}; what has been "
            "trained up to its last checkpoint is kept: run `gan_study resume` on the run folder"
        )


@contextmanager
def watched(on_loss: Callable[[str], None]) -> Iterator[None]:
    """Watch the cluster of this process from another thread, for as long as the context is open.

    If the cluster is lost, that thread calls `on_loss` once, with the reason. The main thread may hang in a call to Ray
    that never returns, so that only the end of the process helps.
    """
    address = ray.get_runtime_context().gcs_address
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(address, ended, on_loss), name="cluster watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_PERIOD_SEC)


def _watch(address: str, ended: threading.Event, on_loss: Callable[[str], None]) -> None:
    last_seen = time.monotonic()
    while not ended.wait(_PERIOD_SEC):
        problem = _problem(address)
        if problem is None:
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > PATIENCE_SEC and not ended.is_set():
            on_loss(f"{problem} for {PATIENCE_SEC:.0f} seconds")
            return


def _problem(address: str) -> str | None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PERIOD_SEC).close()
        # Only after the head node has answered, because Ray's call would wait for it.
        is_alive = any(node["Alive"] for node in ray.nodes())
    except OSError:
        return f"its head node has not answered at {address}"
    except LOSSES as error:
        return f"it has answered with an error ({error})"
    return None if is_alive else "it has had no living node"
