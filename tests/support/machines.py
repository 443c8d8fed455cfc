"""Machines for tests: namespaces of this host with a network, processes, mounts, a name and an sshd of their own.

They share this host's disk, but for what each must have alone: its home, Ray's files and its shared memory.
"""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
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
_PRIVATE_FOLDERS = {"/dev/shm": "1777", "/tmp/ray": "1777", "/run/sshd": "755"}
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
        self.home.mkdir(parents=True, exist_ok=True)
        self._number = number
        self._write_files()
        with (self._folder / "log").open("a") as log:
            # Whatever ends the tests also ends `unshare`, with it the machine's first process, and so all of them.
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *_UNSHARE, "--kill-child", "bash", self._folder / "boot"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        _wait_until(lambda: bool(children.read_text().strip()))
        self.pid = int(children.read_text())
        _wait_until((self._folder / "booted").exists)

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

    def plug_in(self, user: "Machine") -> None:
        """Connect this machine with the bridge of the user's machine."""
        user.set_network("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.pid)
        user.set_network("link", "set", self.name, "master", _BRIDGE, "up")
        self.set_network("address", "add", f"{self.address}/24", "dev", "eth0")
        self.set_network("link", "set", "eth0", "up")
        # Ray takes the address from which the Internet would be reached.
        self.set_network("route", "add", "default", "via", user.address)

    def set_network(self, *words: object) -> None:
        """Run `ip` in this machine's network, with the process numbers of this host."""
        subprocess.run(["nsenter", f"--target={self.pid}", "--net", "ip", *map(str, words)], check=True)

    def switch_off(self) -> None:
        """End all processes of the machine at once, as when its power fails."""
        self._process.kill()
        self._process.wait()
        with suppress(ProcessLookupError):
            os.kill(self.pid, 9)

    def _write_files(self) -> None:
        is_users, key = self._number == 0, self._folder.parent / "key"
        files = {
            "hosts": f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n",  # as Debian and Ubuntu have it
            "passwd": f"root:x:0:0:root:{self.home}:/bin/bash\nsshd:x:65534:65534::/run/sshd:/bin/false\n",
            "sshd_config": f"HostKey {key}\nAuthorizedKeysFile {key}.pub\nPermitRootLogin yes\n"
            "PasswordAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\n",
        }
        for name, text in files.items():
            (self._folder / name).write_text(text)
        (self._folder / "booted").unlink(missing_ok=True)
        mounts = [f"mkdir -p {at}; mount -t tmpfs -o mode={mode} tmpfs {at}" for at, mode in _PRIVATE_FOLDERS.items()]
        mounts += [f"mount --bind {self._folder / name} /etc/{name}" for name in ("hosts", "passwd")]
        bridge = f"ip link add {_BRIDGE} type bridge; ip link set {_BRIDGE} up"
        own_address = f"{bridge}; ip address add {self.address}/24 dev {_BRIDGE}"
        end = f"touch {self._folder / 'booted'}"
        service = "sleep infinity" if is_users else f"{_find('sshd')} -D -e -f {self._folder / 'sshd_config'}"
        lines = ["set -e", "mount --make-rprivate /", *mounts, f"hostname {self.name}", "ip link set lo up"]
        lines += [own_address] if is_users else []
        # The first process stays a shell, because it must also wait for the orphans of others.
        (self._folder / "boot").write_text("\n".join([*lines, f"{service} &", end, "wait"]))


@contextmanager
def running_machines(folder: Path, number: int) -> Iterator[list[Machine]]:
    """The user's machine, and `number` others that it reaches over SSH with the key `folder`/key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
    with ExitStack() as stack:
        machines: list[Machine] = []
        for index in range(number + 1):
            machines.append(Machine(folder, index))
            stack.callback(machines[index].switch_off)
            if index:
                machines[index].plug_in(machines[0])
        yield machines


def _find(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _BOOT_LIMIT_SEC
    while not condition():
        assert time.monotonic() < deadline, "a test machine has not started"
        time.sleep(0.02)
