"""A file system that takes no locks: a marker file keeps a second command out, and a dead command loses it."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import without_locks
from support.command import COMMAND
from support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.skipif(not without_locks.is_supported(), reason="needs a filter of system calls, as on Linux")

HOLD = """
import errno, sys
from support.without_locks import refuse_flock
refuse_flock(getattr(errno, sys.argv[1]))
from gan_study.errors import InputError
from gan_study.runs import file_lock
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder
file_lock.LEASE_SEC = 1.0
try:
    with lock_run_folder(RunFolder(sys.argv[2]), print):
        print("mine", flush=True)
        sys.stdin.readline()
except InputError as error:
    print(error, flush=True)
"""
CACHE = """
import errno, sys
from support.without_locks import refuse_flock
refuse_flock(errno.ENOLCK)
from gan_study.extractors.machine_cache import load_or_make
from gan_study.runs.storage import Storage
print([load_or_make("x", lambda: b"made", Storage(sys.argv[1])) for _ in range(2)])
"""


def start(error: str, folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, error, str(folder)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS"])
def test_a_marker_takes_the_place_of_the_lock(error: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with start(error, folder) as first:
        assert "its file system takes no locks (" in line(first)
        assert line(first) == "mine"
        with start(error, folder) as second:
            assert f"{folder}: pid={first.pid} was at work on it, and its file system takes no locks" in line(second)
            assert f"but got pid={first.pid} still at work on it" in line(second)
        first.kill()
    with start(error, folder) as third:
        assert "its file system takes no locks (" in line(third)
        assert line(third) == "mine"
        assert third.communicate("\n")[0] == ""
    assert list(folder.iterdir()) == []


def test_the_real_command_says_that_it_cannot_lock(tmp_path: Path) -> None:
    folder = write_synthetic_run(str(tmp_path / "run"))
    command = [*COMMAND, "resume", folder.location, "--skip-arm", "nobody"]
    script = Path(without_locks.__file__)
    found = subprocess.run([sys.executable, script, "ENOLCK", *command], capture_output=True, text=True)
    warning, error = found.stderr.splitlines()
    assert warning == (
        f"warning: {folder.location}: its file system takes no locks (No locks available), so a marker file keeps "
        "other commands out; if this machine fails, they can go on 60 seconds later"
    )
    assert error.startswith("error: --skip-arm: ")
    assert found.returncode == 2
    assert [path.name for path in (tmp_path / "run").glob(".claim*")] == []


def test_caches_do_without_locks(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", CACHE, str(tmp_path)], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert (found.stdout, found.stderr) == ("[b'made', b'made']\n", "")
