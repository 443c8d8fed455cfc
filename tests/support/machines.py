"""Machines for tests: namespaces of this host with a network, processes, mounts, a name and an sshd of their own.

They share this host's disk, but for what each must have alone: its home, Ray's files and its shared memory.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
_TOOLS = ("ip", "nsenter", "rsync", "setpriv", "ssh", "sshd", "unshare")
_UNSHARE = ("unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc")
_BRIDGE = "bridge"
_BOOT_LIMIT_SEC = 20.0
# The network is the machines' own, so that its addresses cannot clash with others.
_NETWORK = "10.77.0."
_SSH_CONNECTIONS = f"/tmp/ray_ssh_{hashlib.sha256(b'root').hexdigest()[:10]}"
"""Ray's folder for root's open connections, which are named after address and cluster alone."""
_PRIVATE_FOLDERS = {"/dev/shm": "1777", "/tmp/ray": "1777", "/run/sshd": "755", _SSH_CONNECTIONS: "700"}
"""Folders that each machine has alone, and their modes."""


def require_namespaces() -> None:
    """Skip the test, with the reason, on a system that cannot have such machines; in CI as root on Linux, fail it."""
    if platform.system() != "Linux" or os.geteuid() != 0:
        pytest.skip("test machines need root on Linux")
    end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
    if missing := [tool for tool in _TOOLS if _find(tool) is None]:
        end(f"test machines need {', '.join(missing)} (Debian: apt-get install openssh-server iproute2 rsync)")
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        end(f"test machines need namespaces: {tried.stderr.strip()}")


class Machine:
    """One machine; number 0 is the user's own, which joins the others by a bridge and has no sshd."""

    def __init__(self, folder: Path, number: int) -> None:
        self.name, self.address = f"machine-{number}", f"{_NETWORK}{number + 1}"
        self.home, self._folder = folder / self.name / "home", folder / self.name
        self.home.mkdir(parents=True)
        self._is_users = number == 0
        self._write_files()

    def switch_on(self, user: "Machine | None" = None) -> None:
        """Start the machine's first processes, and connect it with the user's machine."""
        booted = self._folder / "booted"
        booted.unlink(missing_ok=True)
        with (self._folder / "log").open("a") as log:
            # Whatever ends the tests also ends `unshare`, with it the machine's first process, and so all of them.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *_UNSHARE, "--kill-child", "bash", self._folder / "boot"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        try:
            deadline = time.monotonic() + _BOOT_LIMIT_SEC
            while not booted.exists():
                assert time.monotonic() < deadline, f"{self.name} has not started: {(self._folder / 'log').read_text()}"
                time.sleep(0.02)
            self.pid = int(Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text())
            if user is not None:
                self._plug_in(user)
        except BaseException:
            self.switch_off()
            raise

    def switch_off(self) -> None:
        """End all processes of the machine at once, as when its power fails."""
        self._process.kill()
        self._process.wait()

    def command(self, *words: object, variables: dict[str, str] | None = None) -> list[str]:
        """Return the command that runs `words` on this machine, with no other variables than a fresh login has."""
        known = {"HOME": str(self.home), "PATH": os.environ["PATH"]} | (variables or {})
        given = [f"{name}={value}" for name, value in known.items()]
        inside = ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "--pid"]
        return [*inside, "env", "--ignore-environment", *given, *map(str, words)]

    def run(self, *words: object, limit_sec: float = 60.0, variables: dict[str, str] | None = None) -> str:
        """Run a command on this machine and return its output; it must succeed."""
        done = subprocess.run(
            self.command(*words, variables=variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=limit_sec,
            check=False,
        )
        assert done.returncode == 0, f"{self.name}: {words} returned {done.returncode}:\n{done.stdout}"
        return done.stdout

    def set_network(self, *words: object) -> None:
        """Run `ip` in this machine's network, with the process numbers of this host."""
        subprocess.run(
            ["nsenter", f"--target={self.pid}", "--net", "ip", *map(str, words)], capture_output=True, check=True
        )

    def fill_disk(self) -> None:
        """Leave no space in Ray's folder."""
        used = self.run("df", "--block-size=1K", "--output=used", "/tmp/ray").split()[-1]
        self.run("mount", "-o", f"remount,size={used}K", "/tmp/ray")

    def empty_disk(self) -> None:
        """End what `fill_disk` did."""
        self.run("mount", "-o", "remount,size=50%", "/tmp/ray")

    def num_ray_workers(self) -> int:
        """Return how many worker processes Ray has started since the cluster came up."""
        return len(self.run("bash", "-c", "ls /tmp/ray/session_latest/logs/worker-*.out || true").splitlines())

    def cut_off(self, user: "Machine") -> None:
        """Let no message through to or from this machine, without a sign of it on either side."""
        user.set_network("link", "set", self.name, "nomaster")

    def reconnect(self, user: "Machine") -> None:
        """End what `cut_off` did."""
        user.set_network("link", "set", self.name, "master", _BRIDGE)

    def _plug_in(self, user: "Machine") -> None:
        with suppress(subprocess.CalledProcessError):  # of a machine that was switched off a moment ago
            user.set_network("link", "delete", self.name)
        user.set_network("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.pid)
        user.set_network("link", "set", self.name, "master", _BRIDGE, "up")
        self.set_network("address", "add", f"{self.address}/24", "dev", "eth0")
        self.set_network("link", "set", "eth0", "up")
        # Ray takes the address from which the Internet would be reached.
        self.set_network("route", "add", "default", "via", user.address)

    def _write_files(self) -> None:
        key = self._folder.parent / "key"
        files = {
            "hosts": f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n",  # as Debian and Ubuntu have it
            "passwd": f"root:x:0:0:root:{self.home}:/bin/bash\nsshd:x:65534:65534::/run/sshd:/bin/false\n",
            "sshd_config": f"HostKey {key}\nAuthorizedKeysFile {key}.pub\nPermitRootLogin yes\n"
            "PasswordAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\n",
        }
        for name, text in files.items():
            (self._folder / name).write_text(text)
        mounts = [f"mkdir -p {at}; mount -t tmpfs -o mode={mode} tmpfs {at}" for at, mode in _PRIVATE_FOLDERS.items()]
        mounts += [f"mount --bind {self._folder / name} /etc/{name}" for name in ("hosts", "passwd")]
        bridge = f"ip link add {_BRIDGE} type bridge; ip link set {_BRIDGE} up"
        own_address = f"{bridge}; ip address add {self.address}/24 dev {_BRIDGE}"
        end = f"touch {self._folder / 'booted'}"
        service = "sleep infinity" if self._is_users else f"{_find('sshd')} -D -e -f {self._folder / 'sshd_config'}"
        lines = ["set -e", "mount --make-rprivate /", *mounts, f"hostname {self.name}", "ip link set lo up"]
        lines += [own_address] if self._is_users else []
        # The first process stays a shell, because it must also wait for the orphans of others.
        (self._folder / "boot").write_text("\n".join([*lines, f"{service} &", end, "wait"]))


@contextmanager
def running_machines(folder: Path, number: int) -> Iterator[list[Machine]]:
    """The user's machine, and `number` others that it reaches over SSH with the key `folder`/key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
    user, *others = [Machine(folder, index) for index in range(number + 1)]
    with ExitStack() as stack:
        user.switch_on()
        stack.callback(user.switch_off)
        for machine in others:
            machine.switch_on(user)
            stack.callback(machine.switch_off)
        yield [user, *others]


def _find(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
