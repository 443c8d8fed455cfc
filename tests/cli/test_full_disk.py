"""A disk that fills up while a study runs."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import SHORT, errors_in, gan_study

from gan_study.runs.folder import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that holds the objective and Optuna's file, and what the trials begin with."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path, tmp_path: Path, ray_address: str) -> None:
    study = tmp_path / "tiny.yaml"
    study.write_text(SHORT)
    found = gan_study("run", study, "--out", small_disk, "--address", ray_address)
    assert found.returncode == 2
    (line,) = errors_in(found.stderr)
    assert line.startswith(f"error: {small_disk}/tiny/")
    assert "there is no space left" in line
    assert line.endswith("then run `gan_study resume` on the run folder")
    folder = RunFolder(str(small_disk / "tiny"))
    assert folder.arms() == ["lsgan"]  # one at a time: the other arm has not begun
    assert not folder.storage.exists(".ray")

    # What was written is whole: a copy has a report,
    shutil.copytree(small_disk / "tiny", tmp_path / "copy")
    reported = gan_study("report", tmp_path / "copy")
    assert reported.returncode == 0, reported.stderr
    assert (tmp_path / "copy" / "report.html").exists()

    # and with more space the study goes on.
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    resumed = gan_study("resume", small_disk / "tiny", "--address", ray_address)
    assert resumed.returncode == 0, resumed.stderr
    status = folder.read_study_status()
    assert status is not None
    assert status.state == "completed"
    assert [len(folder.trials(arm)) for arm in folder.arms()] == [1, 1]
