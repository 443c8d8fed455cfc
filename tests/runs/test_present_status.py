"""A study whose process was killed could not write so, but readers of its folder notice it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gan_study.runs.folder import RunFolder
from gan_study.runs.present_status import present_status
from gan_study.runs.records.status import StudyStatus


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("state", "host", "is_gone", "expected"),
    [
        ("running", socket.gethostname(), False, "running"),
        ("running", socket.gethostname(), True, "interrupted"),
        ("running", "another-machine", True, "running"),
        ("completed", socket.gethostname(), True, "completed"),
    ],
)
def test_a_running_study_has_a_process(tmp_path: Path, state: str, host: str, is_gone: bool, expected: str) -> None:
    folder = RunFolder(str(tmp_path))
    assert present_status(folder) is None
    pid = ended_process() if is_gone else os.getpid()
    folder.write_study_status(StudyStatus.model_validate({"state": state, "start_time": 0, "host": host, "pid": pid}))
    status = present_status(folder)
    assert status is not None
    assert status.state == expected
