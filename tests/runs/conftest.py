import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.s3_server import ObjectStore, serve_objects


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The root of a disk of one MiB; the test is skipped if none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", os.fspath(folder)]
    try:
        answer = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError as error:
        pytest.skip(f"needs a small disk, but there is no mount command here ({error})")
    if answer.returncode != 0:
        pytest.skip(f"needs a small disk, but this user may not mount one ({answer.stderr.strip()})")
    yield folder
    subprocess.run(["umount", os.fspath(folder)], check=True)


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A local store that speaks the S3 protocol, and the settings to reach it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("http_proxy", "HTTP_PROXY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with serve_objects() as store:
        yield store
