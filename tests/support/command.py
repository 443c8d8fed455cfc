"""`python -m gan_study` as a user runs it: in a process of its own."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

LIMIT_SEC = 300
"""No command takes half a minute on two free cores."""
COMMAND = [sys.executable, "-m", "gan_study"]

TINY = """\
name: tiny
dataset: {name: digits, image_size: 16}
objective: {num_samples: 200}
budget: {trials_per_arm: 2, total_kimg: 1, evaluate_every_kimg: 0.5}
arms:
  lsgan: {network: dcgan, loss: least_squares}
  wgan: {network: dcgan, loss: wasserstein, penalty: wgan_gp, d_steps_per_g_step: 1}
defaults: {network: {width: 8}}
search_space:
  g_lr: {log_uniform: [1e-4, 1e-2]}
search: {scheduler: none}
confirm: {top_k: 1, seeds: 1}
"""

TRAINING = """\
training:
  dataset: {name: digits, image_size: 16}
  network: {name: mlp, width: 16}
  loss: least_squares
  batch_size: 50
  total_kimg: 0.1
  evaluate_every_kimg: 0.1
  objective: {num_samples: 200}
"""
"""A configuration for `train`, two steps long."""

ONE_AT_A_TIME = "resources: {max_concurrent_trials: 1}\n"
"""For studies that are not about trials at once: each process of theirs imports torch for seconds."""
SHORT = TINY.replace("trials_per_arm: 2", "trials_per_arm: 1").replace("top_k: 1", "top_k: 0") + ONE_AT_A_TIME
"""Two trials in all, one after the other."""


def errors_in(stderr: str) -> list[str]:
    """The lines of standard error, without the warning that these studies have too few seeds for a winner."""
    return [line for line in stderr.splitlines() if not line.startswith("warning: No arm of this study can win")]


def gan_study(*arguments: object, environment: dict[str, str | None] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. A value of None takes a variable out of the environment."""
    changed = {**os.environ, **(environment or {})}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={name: value for name, value in changed.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=LIMIT_SEC,
    )


def gan_study_on_a_terminal(*arguments: object, stdout: Path | None = None) -> tuple[int, str]:
    """The exit status, and everything that a terminal of 120 columns was sent.

    stdout: a file that takes the standard output, of which the terminal then sees nothing.
    """
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
    command = [*COMMAND, *map(str, arguments)]
    out = theirs if stdout is None else os.open(stdout, os.O_WRONLY | os.O_CREAT)
    process = subprocess.Popen(command, stdin=theirs, stdout=out, stderr=theirs, env=environment)
    for held in {out, theirs}:
        os.close(held)
    shown, deadline = b"", time.monotonic() + LIMIT_SEC
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                shown += os.read(ours, 65536)
    except OSError:  # how Linux says that nothing holds the other side any more
        pass
    finally:
        os.close(ours)
        if time.monotonic() >= deadline:
            process.kill()
    return process.wait(), shown.decode()


class Running:
    """A command at work in a session of its own, with its output in files."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._out, self._err = folder / "stdout", folder / "stderr"
        with self._out.open("w") as out, self._err.open("w") as err:
            command = [*COMMAND, *map(str, arguments)]
            environment = os.environ | {"PYTHONFAULTHANDLER": "1"}
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=environment, start_new_session=True)

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self.process.poll() is None:  # Show where it hangs: all threads write their stacks.
            self.process.send_signal(signal.SIGABRT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        self.process.kill()
        self.process.wait()
        if error is not None:
            print(self.out, self.err, sep="\n")

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something can be seen from outside."""
        deadline = time.monotonic() + LIMIT_SEC
        while not condition():
            assert self.process.poll() is None, f"it ended too early:\n{self.out}\n{self.err}"
            assert time.monotonic() < deadline, f"it took too long:\n{self.out}\n{self.err}"
            time.sleep(0.05)

    def interrupt(self) -> tuple[int, float]:
        """Press Ctrl-C: SIGINT to all processes of the terminal. Exit status, and seconds until the end."""
        interrupt_start = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LIMIT_SEC), time.monotonic() - interrupt_start

    def own_processes(self) -> list[str]:
        """Processes that Ray has started for this command: its session's folder is named after the process."""
        lines = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        return [line for line in lines.splitlines() if "session_" in line and f"_{self.process.pid}/" in line]
