"""A study whose process was killed could not write so, but readers of its folder notice it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gan_study.runs.folder import RunFolder
from gan_study.runs.present_status import present_status
from gan_study.runs.process_identity import process_identity
from gan_study.runs.records.status import StudyStatus

_MACHINE, _, _START = str(process_identity(os.getpid())).partition(" ")
IDENTITIES = {
    "own": f"{_MACHINE} {_START}",
    "earlier": f"{_MACHINE} 0",
    "elsewhere": f"elsewhere {_START}",
    "old": None,
}
"""This process's identity, those of others with its number, and that of older versions."""


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("state", "host", "process", "is_gone", "expected"),
    [
        ("running", socket.gethostname(), "own", False, "running"),
        ("running", socket.gethostname(), "earlier", False, "interrupted"),
        ("running", socket.gethostname(), "earlier", True, "interrupted"),
        ("running", socket.gethostname(), "elsewhere", True, "running"),
        ("running", "another-machine", "own", True, "running"),
        ("completed", socket.gethostname(), "earlier", True, "completed"),
        ("running", socket.gethostname(), "old", False, "running"),
        ("running", socket.gethostname(), "old", True, "interrupted"),
        ("running", "another-machine", "old", True, "running"),
    ],
)
def test_a_running_study_has_a_process(
    tmp_path: Path, state: str, host: str, process: str, is_gone: bool, expected: str
) -> None:
    folder = RunFolder(str(tmp_path))
    assert present_status(folder) is None
    pid = ended_process() if is_gone else os.getpid()
    written = {"state": state, "start_time": 0, "host": host, "pid": pid, "process": IDENTITIES[process]}
    folder.write_study_status(StudyStatus.model_validate(written))
    status = present_status(folder)
    assert status is not None
    assert status.state == expected
