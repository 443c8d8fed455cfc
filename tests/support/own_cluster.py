"""A Ray cluster on test machines, brought up by `ray up` from tests/cluster/own_machines.yaml."""

import os
import shlex
import sys
from pathlib import Path

import yaml

from support.machines import REPOSITORY, Machine
from support.s3_process import KEY, SECRET

LAUNCH_FILE = REPOSITORY / "tests" / "cluster" / "own_machines.yaml"
STORE_KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}
"""The variables with which every machine reaches an object store."""
_UP_LIMIT_SEC = 300.0
_STUDY_LIMIT_SEC = 300.0
_WAIT_FOR_NODES = """
import sys, time, ray
ray.init(address="auto", log_to_driver=False, logging_level="ERROR")
deadline = time.monotonic() + float(sys.argv[2])
while sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[1]):
    assert time.monotonic() < deadline, ray.nodes()
    time.sleep(0.2)
"""


class OwnCluster:
    """A cluster whose head is the first machine after the user's."""

    def __init__(self, machines: list[Machine], folder: Path, cpus_per_machine: int) -> None:
        """Prepare the machines as their owner would, and bring the cluster up."""
        self.user, self.head, *self.workers = machines
        self._file = folder / "cluster.yaml"
        self._file.write_text(yaml.safe_dump(self._launch_config(folder / "key")))
        for machine in machines:
            prepare_home(machine, cpus_per_machine)
        self._ray("get-auth-token", "--generate")
        self.up()

    def up(self) -> None:
        """Bring the cluster up, and wait until all machines have joined it."""
        self._ray("up", "--yes", "--no-config-cache", self._file)
        self.wait_for_machines()

    def wait_for_machines(self) -> None:
        """Wait until Ray has a living node on every machine."""
        number = 1 + len(self.workers)
        self.head.run(
            *(sys.executable, "-c", _WAIT_FOR_NODES, number, _UP_LIMIT_SEC),
            limit_sec=_UP_LIMIT_SEC + 60,
            variables={"RAY_AUTH_MODE": "token"},
        )

    def gan_study(self, *words: object, limit_sec: float = _STUDY_LIMIT_SEC) -> str:
        """Run a command of gan_study on the head and return its output; it must succeed."""
        return self.head.run(*self.gan_study_command(*words), limit_sec=limit_sec)

    def gan_study_command(self, *words: object) -> list[str]:
        """Return what a shell on the head runs for a command of gan_study."""
        return self.shell("python", "-m", "gan_study", *words)

    def shell(self, *words: object) -> list[str]:
        """Return what runs a command with the variables of a login."""
        return ["bash", "-c", f"source ~/.bashrc; exec {shlex.join(map(str, words))}"]

    def _ray(self, *words: object) -> None:
        command = [sys.executable, "-m", "ray.scripts.scripts", *words]
        variables = {"TMPDIR": str(self.user.home), "RAY_AUTH_MODE": "token"}
        self.user.run("env", f"--chdir={REPOSITORY}", *command, limit_sec=_UP_LIMIT_SEC, variables=variables)

    def _launch_config(self, key: Path) -> dict[str, object]:
        """The shipped file with this cluster's addresses and key, without the commands that install packages."""
        config: dict[str, object] = yaml.safe_load(LAUNCH_FILE.read_text())
        addresses = {"head_ip": self.head.address, "worker_ips": [worker.address for worker in self.workers]}
        config["provider"] = {"type": "local", **addresses}
        config["auth"] = {"ssh_user": "root", "ssh_private_key": str(key)}
        for place in ("setup_commands", "head_setup_commands", "worker_setup_commands"):
            commands = config[place]
            assert isinstance(commands, list)
            config[place] = [c for c in commands if not any(word in c for word in ("curl", "uv venv", "pip"))]
        del config["cluster_synced_files"]  # what pip has installed
        return config


def prepare_home(machine: Machine, num_cpus: int) -> None:
    """Give a machine's user the packages of this environment, and Ray a number of CPUs."""
    (machine.home / "gan_study_venv").symlink_to(sys.prefix)
    variables = {
        "PYTHONPATH": f"{machine.home}/gan_study",
        "GAN_STUDY_CACHE": os.environ["GAN_STUDY_CACHE"],
        "RAY_OVERRIDE_RESOURCES": f'{{"CPU": {num_cpus}}}',
        **STORE_KEYS,
        "RAY_worker_niceness": "0",  # as in tests/conftest.py
        # A machine that is switched off counts as lost after some seconds in place of half a minute.
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_timeout_ms": "5000",
        "RAY_health_check_failure_threshold": "3",
    }
    lines = [f"export {name}='{value}'" for name, value in variables.items()]
    (machine.home / ".bashrc").write_text("\n".join(lines) + "\n")
