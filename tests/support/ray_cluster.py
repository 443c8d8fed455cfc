"""A Ray cluster of this test session's own, ended by its process id alone: others may run Ray here too."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

_START_LIMIT_SEC = 120
_END_LIMIT_SEC = 10


@contextmanager
def running_cluster(environment: dict[str, str], num_cpus: int = 2) -> Iterator[str]:
    """The address of a new cluster on this machine, whose processes get `environment`."""
    # Ray's sockets lie below its folder, and their paths must be short.
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "start.log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*_command(folder), f"--num-cpus={num_cpus}"],
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
