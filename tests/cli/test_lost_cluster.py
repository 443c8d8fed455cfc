"""A Ray cluster that dies in the middle of a study."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import command
from support.command import LIMIT_SEC, ONE_AT_A_TIME, TINY, Running, gan_study

from gan_study.runs.folder import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]

LONG = ONE_AT_A_TIME + TINY.replace("kimg: 1, evaluate_every_kimg: 0.5", "kimg: 500, evaluate_every_kimg: 0.25")
IMPATIENT = """
from gan_study.cli.main import main
from gan_study.search import watch
watch.PATIENCE_SEC = 3.0
main()
"""
HEALTH_CHECKS = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}
"""With these, Ray's head takes some seconds to notice that a node is dead, in place of half a minute."""


def process_of_ray(driver: int, executable: str) -> int:
    """The number of the Ray process with this executable, of the session that `driver` has started."""
    lines = subprocess.run(["ps", "axww", "-o", "pid,args"], capture_output=True, text=True, check=True).stdout
    (line,) = [s for s in lines.splitlines() if f"/{executable} " in s and f"_{driver}/" in s and "--log_dir" in s]
    return int(line.split()[0])


@pytest.mark.parametrize("executable", ["gcs_server", "raylet"])
def test_it_is_told_in_words_and_the_study_can_be_resumed(
    executable: str, tmp_path: Path, extractor_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "COMMAND", [sys.executable, "-c", IMPATIENT])
    for name, value in HEALTH_CHECKS.items():
        monkeypatch.setenv(name, value)
    study = tmp_path / "tiny.yaml"
    study.write_text(LONG)
    folder = RunFolder(str(tmp_path / "tiny"))
    trial = folder.trial("lsgan", "search_000")
    with Running(tmp_path, "run", study, "--out", tmp_path) as run:
        run.wait_until(lambda: len(trial.read_evaluations()) > 1)
        os.kill(process_of_ray(run.process.pid, executable), signal.SIGKILL)
        assert run.process.wait(LIMIT_SEC) == 2
        error = run.err.splitlines()[-1]
        assert error.startswith(
            f"error: {folder.location}: the Ray cluster must stay up until the study has ended, but "
        )
        assert error.endswith("run `gan_study resume` on the run folder")
        assert "Traceback" not in run.err
    status = folder.read_study_status()
    assert status is not None
    assert (status.state, status.pid) == ("interrupted", None)
    reported = gan_study("report", folder.location)
    assert reported.returncode == 0, reported.stderr
    assert "1 unfinished" in reported.stdout
