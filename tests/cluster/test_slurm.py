"""Run slurm.sh on this machine, with stand-ins for SLURM's own commands. Its Ray, its study and its end are real."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import LIMIT_SEC, TINY

from gan_study.runs.folder import RunFolder

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SCRIPT = Path(__file__).with_name("slurm.sh")
SCONTROL = """\
#!/bin/bash
[ "$1" = show ] && printf 'node-1\\nnode-2\\n' || echo "$@" >> "$STANDINS/calls"
"""
SRUN = """\
#!/bin/bash
echo "$@" >> "$STANDINS/calls"
while [[ $1 == --* ]]; do shift; done
exec "$@"
"""


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def command_lines() -> list[str]:
    return subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_job_ends_in_time_and_asks_for_another(extractor_cache: Path, tmp_path: Path) -> None:
    """The study trains on both nodes when SLURM announces the end of the time."""
    write_program(tmp_path / "scontrol", SCONTROL)
    write_program(tmp_path / "srun", SRUN)
    study = tmp_path / "tiny.yaml"
    study.write_text(TINY.replace("total_kimg: 1, evaluate_every_kimg: 0.5", "total_kimg: 300, evaluate_every_kimg: 1"))
    job = str(1_000_000 + os.getpid())
    environment = os.environ | {
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(SCRIPT.parents[2]),
        "STANDINS": str(tmp_path),
        "GAN_STUDY_CACHE": str(extractor_cache),
        "SLURM_JOB_ID": job,
        "SLURM_JOB_NODELIST": "node-[1-2]",
        "SLURM_CPUS_PER_TASK": "1",
    }
    folder = RunFolder(str(tmp_path / "runs" / "tiny"))
    with (tmp_path / "out").open("w") as out:
        words = ["bash", str(SCRIPT), str(study), "--out", str(tmp_path / "runs")]
        process = subprocess.Popen(words, env=environment, stdout=out, stderr=out)
        deadline = time.monotonic() + LIMIT_SEC
        trained = [(arm, "search_000") for arm in ("lsgan", "wgan")]
        while not all(len(folder.trial(*key).read_evaluations()) > 1 for key in trained):
            assert process.poll() is None, (tmp_path / "out").read_text()
            assert time.monotonic() < deadline, (tmp_path / "out").read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGUSR1)
        status = process.wait(LIMIT_SEC)

    shown = (tmp_path / "out").read_text()
    assert status == 130, shown
    assert "Interrupted; nothing that was finished is lost." in shown
    state = folder.read_study_status()
    assert state is not None
    assert (state.state, state.num_concurrent_trials) == ("interrupted", 2)
    started, asked = (tmp_path / "calls").read_text().splitlines()
    assert started.startswith("--nodes=1 --ntasks=1 --exclude=node-1 --cpus-per-task=1 ray start --address=")
    assert asked == f"requeue {job}"
    assert not [line for line in command_lines() if f"/tmp/ray-{job}/" in line]
    assert not Path(f"/tmp/ray-{job}").exists()
