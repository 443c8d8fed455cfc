"""Files on a local disk: whole or not at all, even under SIGKILL and on a full disk; errors with a remedy."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from support.s3_server import ObjectStore

from gan_study.errors import StorageError
from gan_study.runs.storage import Storage

LARGE = 4 * 2**20
WRITE_FOREVER = """
import itertools, sys
from gan_study.runs.storage import Storage
storage = Storage(sys.argv[1])
versions = [bytes([number]) * int(sys.argv[2]) for number in range(8)]
storage.write_bytes("large.bin", versions[0])
print("started", flush=True)
for content in itertools.cycle(versions):
    storage.write_bytes("large.bin", content)
"""


@pytest.fixture(params=["local", "object store"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return Storage(tmp_path / "run")
    store: ObjectStore = request.getfixturevalue("object_store")
    return Storage(store.uri("bucket/run"))


def test_files_and_folders(storage: Storage) -> None:
    assert not storage.exists()
    assert storage.list_names() == []
    storage.write_bytes("a/b/data.bin", b"\x00\xff")
    storage.write_text("a/b/text.txt", "Fréchet\n")
    storage.write_bytes("a/b/data.bin", b"second")
    assert storage.read_bytes("a/b/data.bin") == b"second"
    assert storage.read_text("a/b/text.txt") == "Fréchet\n"
    assert (storage.list_names(), storage.list_names("a/b")) == (["a"], ["data.bin", "text.txt"])
    assert [storage.exists(name) for name in ("", "a", "a/b/data.bin", "a/b/none", "b")] == [True] * 3 + [False] * 2
    assert storage.child("a").child("b").read_bytes("data.bin") == b"second"


def test_what_is_not_there(storage: Storage) -> None:
    storage.write_bytes("a/file", b"")
    for name in ("b", "a/b", "b/c"):
        with pytest.raises(FileNotFoundError):
            storage.read_bytes(name)
        assert storage.list_names(name) == []
        storage.delete(name)
        storage.delete_folder(name)
    assert storage.read_bytes("a/file") == b""


def test_deleting(storage: Storage) -> None:
    for name in ("a/1", "a/2", "a/b/3", "c/4"):
        storage.write_bytes(name, b"x")
    storage.delete("a/1")
    assert storage.list_names("a") == ["2", "b"]
    storage.delete_folder("a")
    assert not storage.exists("a/b/3")
    assert storage.list_names("a") == []
    assert storage.read_bytes("c/4") == b"x"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/tmp/runs/a", "/tmp/runs/a"),
        ("/tmp/run:1?x#y", "/tmp/run:1?x#y"),
        ("file:///tmp/a%20b", "/tmp/a b"),
        (Path("/tmp/a b"), "/tmp/a b"),
        ("~/runs", os.path.expanduser("~/runs")),
        ("runs", os.path.abspath("runs")),
    ],
)
def test_local_places(location: str | Path, expected: str) -> None:
    storage = Storage(location)
    assert storage.is_local
    assert storage.location == expected
    assert os.fspath(storage.child("arms").local_path("x.json")) == f"{expected}/arms/x.json"


def test_a_place_nobody_knows() -> None:
    with pytest.raises(StorageError) as caught:
        Storage("gopher://host/runs")
    assert str(caught.value).startswith("gopher://host/runs: the place cannot be used (")
    assert str(caught.value).endswith("; give a local path or an s3:// URI")


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    storage, leftovers = Storage(tmp_path), []
    delays = random.Random(0)
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, os.fspath(tmp_path), str(LARGE)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        with writer.stdout:
            assert writer.stdout.readline() == b"started\n"
            end = time.monotonic() + delays.uniform(0.05, 0.15)
            while time.monotonic() < end:
                assert_whole(storage.read_bytes("large.bin"))
                assert storage.list_names() == ["large.bin"]
            writer.send_signal(signal.SIGKILL)
            assert writer.wait() == -signal.SIGKILL
        assert_whole(storage.read_bytes("large.bin"))
        assert storage.list_names() == ["large.bin"]
        leftovers.append(len(os.listdir(tmp_path)) - 1)
    assert leftovers[-1] > 0, "no kill came in the middle of a write, so this test has shown nothing"


def assert_whole(content: bytes) -> None:
    assert len(content) == LARGE
    assert content.count(content[:1]) == LARGE


def test_a_full_disk(small_disk: Path) -> None:
    storage = Storage(small_disk)
    storage.write_bytes("a/kept.bin", b"old" * 100_000)
    for name in ("a/kept.bin", "a/new.bin"):
        with pytest.raises(StorageError) as caught:
            storage.write_bytes(name, bytes(2 * 2**20))
        assert str(caught.value) == (
            f"{small_disk}/{name}: there is no space left to write (No space left on device); "
            "free some, then run `gan_study resume` on the run folder"
        )
    assert storage.read_bytes("a/kept.bin") == b"old" * 100_000
    assert os.listdir(small_disk / "a") == ["kept.bin"]  # the part that was written is gone, so the space is free
    storage.write_bytes("a/new.bin", bytes(600_000))
    assert storage.list_names("a") == ["kept.bin", "new.bin"]


def test_a_disk_that_may_only_be_read(small_disk: Path) -> None:
    storage = Storage(small_disk)
    storage.write_text("kept.txt", "old")
    subprocess.run(["mount", "-o", "remount,ro", os.fspath(small_disk)], check=True)
    changes: list[Callable[[], None]] = [
        lambda: storage.write_text("kept.txt", "new"),
        lambda: storage.delete("kept.txt"),
    ]
    for change in changes:
        with pytest.raises(StorageError) as caught:
            change()
        assert str(caught.value).startswith(f"{small_disk}/kept.txt: writing or reading is not permitted (")
        assert str(caught.value).endswith("; change its permissions, or choose another --out")
    assert storage.read_text("kept.txt") == "old"


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("not a folder")
    storage = Storage(tmp_path / "run")
    for attempt in (lambda: storage.write_text("a.txt", ""), lambda: storage.read_text("a.txt")):
        with pytest.raises(StorageError) as caught:
            attempt()
        assert str(caught.value).startswith(f"{tmp_path}/run/a.txt: there is a file where a folder is needed (")
        assert str(caught.value).endswith("; remove it, or choose another --out")
    assert (tmp_path / "run").read_text() == "not a folder"


def test_a_folder_where_a_file_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for attempt in (lambda: Storage(tmp_path).write_text("a", ""), lambda: Storage(tmp_path).read_text("a")):
        with pytest.raises(StorageError, match="it cannot be reached"):
            attempt()
    assert os.listdir(tmp_path) == ["a"]


def test_hidden_files_are_not_listed(tmp_path: Path) -> None:
    for name in (".writing-0a1b2c3d-status.json", ".DS_Store", "status.json"):
        (tmp_path / name).touch()
    assert Storage(tmp_path).list_names() == ["status.json"]


@pytest.mark.parametrize("name", ["lr=1e-3?x=2", "a#b", "50 off", "é", "100%", "a&b;c"])
def test_a_file_uri_keeps_all_of_its_path(tmp_path: Path, name: str) -> None:
    """A bare ? or # belongs to the path: a file has no query, and two such folders were one before."""
    assert Storage(f"file://{tmp_path}/{name}").location == f"{tmp_path}/{name}"
    assert Storage(f"file://localhost{tmp_path}/{quote(name)}").location == f"{tmp_path}/{name}"


@pytest.mark.parametrize("uri", ["file://runs/one", "file://", "s3://bucket/run#1", "gs://bucket/a#b/c"])
def test_a_uri_that_would_lose_a_part_of_its_name_is_refused(uri: str) -> None:
    with pytest.raises(StorageError, match=re.escape(uri)):
        Storage(uri)
