"""The claim on a run folder in a real S3 server: one command at a time has it, and a dead one loses it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from support.machines import require_namespaces
from support.s3_process import S3Process, s3_process
from support.s3_server import ObjectStore

from gan_study.errors import InputError, StorageError
from gan_study.runs import claim as claims
from gan_study.runs.claim import Claim
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder
from gan_study.runs.process_identity import process_identity

FOREIGN = Claim(id="other", pid=7, host="node-1", start_time=1.8e9)
"""The claim of a command on another machine."""
HOLD = """
import sys
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder
from gan_study.errors import InputError
try:
    folder = RunFolder(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    with lock_run_folder(folder):
        print("won", flush=True)
        sys.stdin.readline()
except InputError as error:
    print(error, flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[S3Process]:
    with s3_process() as server:
        yield server


@pytest.fixture
def folder(server: S3Process, request: pytest.FixtureRequest) -> RunFolder:
    return RunFolder(f"s3://bucket/{request.node.name}")


def test_one_of_several_commands_that_start_together_wins(folder: RunFolder) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, folder.location], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    try:
        said = [_exchange(command) for command in commands]
        assert said == ["ready"] * 3
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda command: _exchange(command, "go"), commands))
        assert answers.count("won") == 1
        winner = commands[answers.index("won")]
        for answer in set(answers) - {"won"}:
            assert answer.startswith(f"{folder.location}: one command at a time works on a run folder, but got pid=")
            assert f"pid={winner.pid}, at work since " in answer
        # A killed command of this machine does not keep the others out.
        winner.kill()
        winner.wait()
        with lock_run_folder(folder):
            pass
    finally:
        for command in commands:
            command.communicate("\n")


def _exchange(command: "subprocess.Popen[str]", line: str | None = None) -> str:
    assert command.stdin is not None
    assert command.stdout is not None
    if line is not None:
        command.stdin.write(f"{line}\n")
        command.stdin.flush()
    return command.stdout.readline().rstrip("\n")


def test_a_claim_ends_with_its_command(server: S3Process, folder: RunFolder) -> None:
    with (
        lock_run_folder(folder),
        pytest.raises(InputError, match=f"but got pid={os.getpid()}, at work since"),
        lock_run_folder(folder),
    ):
        pass
    assert server.keys(".claim") == []
    with suppress(ZeroDivisionError), lock_run_folder(folder):
        raise ZeroDivisionError
    with lock_run_folder(folder):
        pass


def test_a_command_of_another_machine_is_named_until_its_claim_expires(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.storage.write_bytes(".claim", FOREIGN.content())
    with (
        pytest.raises(InputError, match="but got pid=7 on node-1, at work since 2027-01-15 08:00 UTC; wait"),
        lock_run_folder(folder),
    ):
        pass
    monkeypatch.setattr(claims, "LEASE_SEC", -1.0)
    with lock_run_folder(folder):
        assert b'"node-1"' not in folder.storage.read_bytes(".claim")


def test_a_machine_of_the_same_name_keeps_its_claim(server: S3Process, folder: RunFolder) -> None:
    """A container with a namespace of its own for the numbers of processes, in which this process is not to be seen."""
    require_namespaces()
    container = ["unshare", "--pid", "--fork", "--mount-proc"]
    with lock_run_folder(folder):
        second = subprocess.run(
            [*container, sys.executable, "-c", HOLD, folder.location], input="\n\n", capture_output=True, text=True
        )
        assert f"but got pid={os.getpid()}, at work since" in second.stdout, second.stderr


def test_a_later_process_with_the_number_of_a_dead_one_keeps_nobody_out(folder: RunFolder) -> None:
    space = str(process_identity(os.getpid())).split()[0]
    earlier = Claim(id="earlier", pid=os.getpid(), host=socket.gethostname(), process=f"{space} 0", start_time=1.8e9)
    folder.storage.write_bytes(".claim", earlier.content())
    with lock_run_folder(folder):
        assert b'"earlier"' not in folder.storage.read_bytes(".claim")


def test_a_command_of_another_user_keeps_its_claim(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    with lock_run_folder(folder):
        monkeypatch.setattr(os, "kill", refuse)
        with pytest.raises(InputError, match=f"but got pid={os.getpid()}, at work since"), lock_run_folder(folder):
            pass


def test_a_claim_is_renewed(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RENEW_SEC", 0.05)
    with lock_run_folder(folder):
        _wait_for(lambda: Claim.model_validate_json(folder.storage.read_bytes(".claim")).num_renewals > 1)


def test_a_claim_survives_an_outage(server: S3Process, folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RENEW_SEC", 0.05)
    lost: list[StorageError] = []
    with lock_run_folder(folder, on_lost=lost.append):
        with server.away():
            threading.Event().wait(0.5)
        before = Claim.model_validate_json(folder.storage.read_bytes(".claim")).num_renewals
        _wait_for(lambda: Claim.model_validate_json(folder.storage.read_bytes(".claim")).num_renewals > before)
    assert lost == []


def test_a_command_that_has_lost_its_claim_ends(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RENEW_SEC", 0.05)
    lost: list[StorageError] = []
    with lock_run_folder(folder, on_lost=lost.append):
        folder.storage.write_bytes(".claim", FOREIGN.content())
        _wait_for(lambda: bool(lost))
    assert "but got pid=7 on node-1, at work since 2027-01-15 08:00 UTC, which has taken it over" in str(lost[0])
    assert b'"node-1"' in folder.storage.read_bytes(".claim")  # which the loser leaves


def test_a_store_without_conditions_is_reported(object_store: ObjectStore) -> None:
    warnings: list[str] = []
    folder = RunFolder(object_store.uri("bucket/run"))
    with lock_run_folder(folder, warnings.append):
        pass
    (warning,) = warnings
    assert "because the store ignores conditions on writes (If-None-Match); make sure that no other" in warning
    assert object_store.objects == {}


def test_without_boto3_nobody_is_kept_out(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    warnings: list[str] = []
    with lock_run_folder(RunFolder(object_store.uri("bucket/run")), warnings.append):
        pass
    (warning,) = warnings
    assert "because boto3 is not installed (pip install 'gan_study[s3]'); make sure that no other command" in warning


def test_missing_credentials_are_named(server: S3Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with (
        pytest.raises(StorageError, match=r"the object store denies access \(Unable to locate credentials\); check"),
        lock_run_folder(RunFolder("s3://bucket/nobody")),
    ):
        pass


def _wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        threading.Event().wait(0.05)
    pytest.fail("it did not happen within 10 seconds")
