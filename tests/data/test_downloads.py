"""Downloads: torchvision's own code against a local server with the right files, wrong files, or no answer."""

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from support.present import present
from support.standins import load, write_idx_files
from torchvision.datasets import KMNIST

from gan_study.config.data import DatasetConfig
from gan_study.data.sources.catalogue import SOURCES, find_files
from gan_study.data.sources.downloads import NotFetchedError
from gan_study.errors import InputError


class Handler(SimpleHTTPRequestHandler):
    requests: list[str]

    def log_request(self, code: object = "-", size: object = "-") -> None:
        self.requests.append(self.path)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A stand-in for KMNIST at torchvision's address, which records the requests."""
    folder = tmp_path / "server"
    write_idx_files(folder)
    resources = []
    for path in sorted(folder.iterdir(), key=lambda path: (not path.name.startswith("train"), path.name)):
        zipped = path.with_name(f"{path.name}.gz")
        zipped.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
        resources.append((zipped.name, hashlib.md5(zipped.read_bytes()).hexdigest()))
    requests: list[str] = []
    handler = type("Counting", (Handler,), {"requests": requests})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        monkeypatch.setattr(KMNIST, "mirrors", [f"http://127.0.0.1:{http.server_port}/"])
        monkeypatch.setattr(KMNIST, "resources", resources)
        yield requests
        http.shutdown()


def message() -> str:
    with pytest.raises(InputError) as caught:
        load("kmnist", image_size=28)
    return str(caught.value)


def test_files_are_fetched_once(server: list[str], data: Path, tmp_path: Path) -> None:
    first = load("kmnist", image_size=28)
    assert np.array_equal(present(first.labels)[:12], np.arange(12) % 10)
    assert (data / "KMNIST/raw/train-images-idx3-ubyte").exists()
    assert [path.name for path in data.iterdir() if not path.name.startswith(".kmnist")] == ["KMNIST"]
    num_requests = len(server)
    assert num_requests > 4
    load("kmnist", image_size=32)
    assert len(server) == num_requests


def test_looking_for_files_fetches_none(server: list[str], data: Path) -> None:
    config = DatasetConfig(name="kmnist")
    with pytest.raises(
        NotFetchedError, match=r"KMNIST's four idx files .* must be here, but got no train-images"
    ) as it:
        find_files(config, may_fetch=False)
    assert it.value.place == data / "KMNIST/raw"
    assert (server, list(data.iterdir())) == ([], [])
    load("kmnist", image_size=28)
    assert find_files(config, may_fetch=False).place == str(data / "KMNIST/raw")


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_no_data_set_is_fetched_by_a_look(data: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[object] = []
    monkeypatch.setattr("gan_study.data.sources.downloads.download_beside", lambda *wanted: fetched.append(wanted))
    path = {"path": "nowhere"} if name == "image_folder" else {}
    with nullcontext() if name == "digits" else pytest.raises(InputError, match=r"but got"):
        find_files(DatasetConfig.model_validate({"name": name, **path}), may_fetch=False)
    assert (fetched, list(data.iterdir())) == ([], [])


def test_without_a_data_folder_they_go_into_the_cache(
    server: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GAN_STUDY_DATA", raising=False)
    load("kmnist", image_size=28)
    assert (cache / "data/KMNIST/raw/t10k-labels-idx1-ubyte").exists()


def test_a_file_with_a_wrong_sum_is_not_kept(server: list[str], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *right, (name, _) = KMNIST.resources
    monkeypatch.setattr(KMNIST, "resources", [*right, (name, "0" * 32)])
    text = message()
    assert f"Error downloading {name}" in text
    assert "\n" not in text
    assert list((data / "KMNIST").rglob("*")) == []


def test_a_server_that_never_answers(server: list[str], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_study.data.sources.downloads.REACH_SEC", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(KMNIST, "mirrors", [address, address])
        begin = time.monotonic()
        assert f"no answer from {address}" in message()
        assert time.monotonic() - begin < 5


def test_a_data_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_STUDY_DATA", str(tmp_path / "file"))
    assert message().startswith(f"{tmp_path}/file/KMNIST/raw: KMNIST's four idx files (plain or .gz) must be here")
