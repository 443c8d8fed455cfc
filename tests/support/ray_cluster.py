"""A Ray cluster of this test session's own, ended by its process id alone: others may run Ray here too."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psutil

_START_LIMIT_SEC = 120
_END_LIMIT_SEC = 10


@contextmanager
def running_cluster(environment: dict[str, str], num_cpus: int = 2, *options: str) -> Iterator[str]:
    """The address of a new cluster on this machine, whose processes get `environment`.

    options: further options of `ray start`.
    """
    # Ray's sockets lie below its folder, and their paths must be short.
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "start.log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*_command(folder), f"--num-cpus={num_cpus}", *options],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | environment,
            )
        try:
            yield _wait_for_address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)  # with --block it ends its own daemons
            try:
                process.wait(_END_LIMIT_SEC)
            except subprocess.TimeoutExpired:
                process.kill()
            for pid in _processes_of(folder):  # nodes that an autoscaler has started
                os.kill(pid, signal.SIGKILL)


@contextmanager
def another_machine(address: str, num_cpus: int = 1) -> Iterator[None]:
    """A further node of a cluster on this machine, whose processes are killed at the end of the block."""
    command = [*(sys.executable, "-m", "ray.scripts.scripts", "start"), f"--address={address}", "--block"]
    process = subprocess.Popen(
        [*command, f"--num-cpus={num_cpus}", "--object-store-memory=100000000", "--disable-usage-stats"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
        process.wait()


@contextmanager
def autoscaling_cluster(environment: dict[str, str], home: Path, num_workers: int) -> Iterator[str]:
    """The address of a cluster whose head takes no trials, and whose autoscaler starts workers with a CPU each.

    Ray's own fake provider starts the workers, on this machine. home: gets the description of the cluster, as from
    `ray up`.
    """
    # Ray reads the variables of this session when it is imported.
    from ray._private.services import get_node_ip_address
    from ray.autoscaler._private.fake_multi_node.node_provider import FAKE_HEAD_NODE_ID, FAKE_HEAD_NODE_TYPE

    port, head = _free_ports(1)[0], FAKE_HEAD_NODE_TYPE
    provider = {
        "type": "external",  # Ray does not ship the defaults of its own name for it.
        "module": "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider",
        "head_node_id": FAKE_HEAD_NODE_ID,
        "gcs_address": f"{get_node_ip_address()}:{port}",
        "launch_multiple": True,
        "disable_node_updaters": True,
    }
    worker = {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": num_workers}
    description = {
        "cluster_name": "fake",
        "max_workers": num_workers,
        "idle_timeout_minutes": 5,
        "upscaling_speed": 1.0,
        "provider": provider,
        "auth": {},
        "file_mounts": {},
        **{key: [] for key in ("initialization_commands", "setup_commands", "cluster_synced_files")},
        **{f"{kind}_{key}": [] for kind in ("head", "worker") for key in ("setup_commands", "start_ray_commands")},
        "head_node_type": head,
        "available_node_types": {
            head: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "worker": worker,
        },
    }
    path = home / "ray_bootstrap_config.yaml"
    path.write_text(json.dumps(description))
    autoscaling = {
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_FAKE_CLUSTER": "1",
        "RAY_enable_autoscaler_v2": "1",
        "RAY_CLOUD_INSTANCE_ID": FAKE_HEAD_NODE_ID,
        "RAY_OVERRIDE_NODE_ID_FOR_TESTING": FAKE_HEAD_NODE_ID,
        "RAY_NODE_TYPE_NAME": head,
    }
    with running_cluster(environment | autoscaling, 0, f"--port={port}", f"--autoscaling-config={path}") as address:
        yield address


def end_worker(address: str, node_id: str) -> None:
    """End a worker of a cluster on this machine as a cloud ends a machine: with some seconds' notice."""
    (pid,) = [
        pid for pid, line in _command_lines() if f"--gcs-address={address} " in line and f"--node_id={node_id} " in line
    ]
    os.kill(pid, signal.SIGTERM)


def _processes_of(folder: str) -> list[int]:
    """The processes whose command lines name the cluster's folder."""
    return [pid for pid, line in _command_lines() if f"{folder}/" in line]


def _command_lines() -> list[tuple[int, str]]:
    found = subprocess.run(["ps", "axww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [(int(line.split()[0]), line) for line in found.splitlines()]


def _command(folder: str) -> list[str]:
    gcs, dashboard, client, agent = _free_ports(4)
    return [
        *(sys.executable, "-m", "ray.scripts.scripts", "start"),
        "--head",
        "--block",
        f"--port={gcs}",
        f"--temp-dir={folder}",
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={dashboard}",
        f"--ray-client-server-port={client}",
        f"--dashboard-agent-listen-port={agent}",
        "--object-store-memory=100000000",
        "--disable-usage-stats",
    ]


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_LIMIT_SEC
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text()
        found = re.search(r"--address='([^']+)'", text)
        if found and "Ray runtime started" in text:
            return found.group(1)
        time.sleep(0.2)
    raise RuntimeError(f"`ray start` gave no cluster:\n{log.read_text()}")
