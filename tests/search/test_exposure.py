"""Others see no port of a study that runs here, and no key in its files and logs."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
import ray  # noqa: F401  # makes its copy of psutil known
from support.command import SHORT, Running, gan_study

from gan_study.runs.folder import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SECRETS = {
    "AWS_ACCESS_KEY_ID": "MARKEDawsid",
    "AWS_SECRET_ACCESS_KEY": "MARKEDawskey",
    "AWS_SESSION_TOKEN": "MARKEDawstoken",
    "WANDB_API_KEY": "MARKEDwandb",
    "MLFLOW_TRACKING_PASSWORD": "MARKEDmlflow",
    "GITHUB_TOKEN": "MARKEDgithub",
    "RAY_AUTH_TOKEN": "4d41524b45444d41524b45444d41524b45444d41524b45444d41524b45444d41",
}
MARKS = [b"MARKED", SECRETS["RAY_AUTH_TOKEN"].encode()]


def files_with_marks(*places: Path) -> list[str]:
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    assert len(files) > 20
    return [str(file) for file in files if any(mark in file.read_bytes() for mark in MARKS)]


def test_nothing_listens_on_the_network_and_no_key_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    study = tmp_path / "tiny.yaml"
    study.write_text(SHORT)
    folder = RunFolder(str(tmp_path / "tiny"))
    with Running(tmp_path, "run", study, "--out", tmp_path) as command:
        command.wait_until(lambda: bool(folder.arms()))
        (session,) = Path(tempfile.gettempdir(), "ray").glob(f"session_*_{command.process.pid}")
        family = psutil.Process(command.process.pid)
        processes = [family, *family.children(recursive=True)]
        listening = set()
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # Ray starts and ends processes all the time.
                addresses = [e.laddr.ip for e in process.net_connections("inet") if e.status == psutil.CONN_LISTEN]
                listening |= {(process.name(), address.removeprefix("::ffff:")) for address in addresses}
        assert {name for name, _ in listening} >= {"raylet", "gcs_server"}
        assert {address for _, address in listening} <= {"127.0.0.1", "::1"}
        assert command.process.wait(300) == 0
        assert files_with_marks(tmp_path, session) == []


def test_a_place_with_a_password_in_it_is_refused_without_the_password(tmp_path: Path) -> None:
    study = tmp_path / "tiny.yaml"
    study.write_text(SHORT)
    found = gan_study("run", study, "--out", "s3://MARKEDuser:MARKEDpassword@bucket/runs")
    assert found.returncode == 2
    assert "MARKED" not in found.stdout + found.stderr
    assert os.listdir(tmp_path) == ["tiny.yaml"]
