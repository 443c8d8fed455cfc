"""A run folder in a real S3 server: its outages, its refusals and the credentials that it asks for."""

import os
import re
import threading
import time
from collections.abc import Iterator

import pytest
from support.s3_process import S3Process, s3_process

from gan_study.errors import InputError, StorageError
from gan_study.evaluation.snapshots import open_place
from gan_study.runs.outage import WAIT_ENVIRONMENT, report_outages
from gan_study.runs.storage import Storage
from gan_study.workflow.run_folder import open_run

RUN = "s3://bucket/run"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Process]:
    with s3_process() as server:
        yield server


@pytest.fixture(autouse=True)
def notices(server: S3Process) -> list[str]:
    """Messages about outages, in a process that knows nothing of the store yet."""
    found: list[str] = []
    report_outages(found.append)
    return found


def test_a_short_outage_is_waited_for(server: S3Process, notices: list[str]) -> None:
    storage = Storage(RUN)
    storage.write_text("a", "old")
    with server.away():
        back = threading.Timer(2.0, server.serve)
        back.start()
        storage.write_text("a", "new")
        back.join()
    assert storage.read_text("a") == "new"
    away, again = notices
    assert away.startswith(f"{RUN}: the object store does not answer (Failed to connect to 127.0.0.1:")
    assert away.endswith("; waiting up to 5 minutes for it")
    assert again.startswith(f"{RUN}: the object store answers again after ")


def test_a_long_outage_ends_soon(server: S3Process, monkeypatch: pytest.MonkeyPatch, notices: list[str]) -> None:
    monkeypatch.setenv(WAIT_ENVIRONMENT, "1")
    storage = Storage(RUN)
    storage.write_text("a", "old")
    with server.away():
        with pytest.raises(StorageError, match=r"must answer within 1 seconds, but got no answer .*gan_study resume"):
            storage.write_text("a", "new")
        start = time.monotonic()
        with pytest.raises(StorageError, match="got no answer"):  # as at the end of the command
            storage.write_text("status", "interrupted")
        assert time.monotonic() - start < 0.1
    assert len(notices) == 1


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_a_wrong_wait_is_refused(server: S3Process, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(WAIT_ENVIRONMENT, text)
    with pytest.raises(
        InputError, match=rf"^{WAIT_ENVIRONMENT}: the longest wait .* is a number .* but got {text}; set"
    ):
        Storage(RUN).exists()


def test_an_interrupted_command_does_not_wait(server: S3Process, notices: list[str]) -> None:
    storage = Storage(RUN)
    storage.write_text("a", "old")
    with server.away():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            with pytest.raises(StorageError, match="got no answer"):
                storage.write_text("status", "interrupted")
    assert notices == []


def test_a_wrong_address_is_refused_at_once(server: S3Process, notices: list[str]) -> None:
    with server.hanging():
        start = time.monotonic()
        with pytest.raises(StorageError, match=r"got no answer \(Timeout was reached\); check its address"):
            Storage(RUN).exists()
        assert time.monotonic() - start < 20
    assert notices == []


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials(server: S3Process, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    with server.checking_credentials() as right:
        for name, value in right.items():
            monkeypatch.setenv(name, value)
        Storage(RUN).write_text("study.yaml", "name: x")
        assert Storage(RUN).read_text("study.yaml") == "name: x"
        monkeypatch.setenv(wrong, "MadeUpAndWrong")
        with pytest.raises(StorageError) as caught:
            open_run(RUN)
        line = str(caught.value)
    assert line.startswith(f"{RUN}: the object store denies access (")
    assert "; check the credentials (s3://: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in line
    assert not any(secret in line for secret in ("MadeUpAndWrong", *right.values()))


def test_a_wrong_bucket_is_named(server: S3Process) -> None:
    reason = "the bucket must exist in the object store, but got none of this name; create it, or correct the name"
    with pytest.raises(StorageError) as caught:
        Storage("s3://other/run").write_text("study.yaml", "name: x")
    assert str(caught.value) == f"s3://other/run/study.yaml: {reason}"
    for find in (open_run, open_place):
        with pytest.raises(StorageError, match=re.escape(f"s3://other/run: {reason}")):
            find("s3://other/run")


def test_the_store_is_named_by_the_environment(server: S3Process) -> None:
    Storage(RUN).write_text("named", "")
    assert server.keys("run/named") == ["run/named"]
    assert "127.0.0.1" in os.environ["AWS_ENDPOINT_URL_S3"]
