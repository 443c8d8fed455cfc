import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gan_study.data.datasets import load_dataset
from gan_study.data.decoding.pixels import FilePixels, StackPixels
from gan_study.data.files.fingerprint import Files


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for decoded images, for this test alone; data sets that the process has loaded are forgotten."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GAN_STUDY_CACHE", str(folder))
    monkeypatch.setattr("gan_study.data.cache.SETTLED_NS", 0)  # the tests' files are a few moments old
    load_dataset.cache_clear()
    yield folder
    load_dataset.cache_clear()
    urllib.request.install_opener(None)  # it keeps the proxies of its first use


@pytest.fixture
def nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Once called, it forbids decoding images and reading whole files."""

    def refuse(*_: object) -> None:
        raise AssertionError("only the cache may be read")

    def begin() -> None:
        monkeypatch.setattr(FilePixels, "decoded", refuse)
        monkeypatch.setattr(StackPixels, "decoded", refuse)
        monkeypatch.setattr(Files, "content_digest", refuse)

    return begin


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for data sets."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("GAN_STUDY_DATA", str(folder))
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every download to a proxy that does not exist."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    urllib.request.install_opener(None)
