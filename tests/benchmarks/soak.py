"""A soak test: a small study runs again and again while something of it is killed or damaged at random times.

Two studies take turns, one with one-worker and one with two-worker trials. Each first runs undisturbed. After every
disturbed run, each sum is checked: all trials are there, none that had ended was trained again, all measurements, final
scores and snapshots equal those of the undisturbed run to the last bit, the report is whole, and every planned fault
has happened.

    python tests/benchmarks/soak.py [--minutes 20] [--seconds 30] [--seed 0] [--workers 1 2]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from support.tiny_training import measured

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder

STUDY = """\
name: soak
dataset: {{name: digits, image_size: 16}}
objective: {{num_samples: 200}}
budget: {{trials_per_arm: {trials}, total_kimg: {kimg}, evaluate_every_kimg: {interval}}}
arms:
  lsgan: {{network: dcgan, loss: least_squares}}
  wgan: {{network: dcgan, loss: wasserstein, penalty: wgan_gp, d_steps_per_g_step: 1}}
defaults: {{network: {{width: 8}}}}
search_space:
  g_lr: {{log_uniform: [1e-4, 1e-2]}}
search: {{scheduler: none, sampler: random}}
confirm: {{top_k: 1, seeds: 2}}
resources: {{workers_per_trial: {workers}, max_retries: 1000}}
"""
SIZES: dict[int, dict[str, float]] = {
    1: {"trials": 4, "kimg": 20, "interval": 1},
    2: {"trials": 2, "kimg": 10, "interval": 0.5},
}
"""Each study takes a few minutes on two cores with all its faults."""
STALL_SEC = 600
"""Longest time without progress: beyond it, a study hangs."""


class Command:
    """`run` or `resume` at work, in a session of its own."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.log = place / "output.txt"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gan_study", *arguments], stdout=log, stderr=log, start_new_session=True
            )

    def family(self) -> Iterator[tuple[int, str]]:
        """Number and command line of each process below the command."""
        try:
            family = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for process in family:
            with suppress(psutil.Error):
                yield process.pid, " ".join(process.cmdline())

    def is_training(self, folder: RunFolder) -> bool:
        """Return True if a process of this command trains a trial, and not one of an earlier command."""
        return bool(self.trials(folder))

    def trials(self, folder: RunFolder) -> list[tuple[TrialFolder, TrialStatus]]:
        """The trials that processes of this command train. Others' numbers may be those of strangers' processes now."""
        own = {pid for pid, _ in self.family()}
        return [(trial, status) for trial, status in running_trials(folder) if status.pid in own]

    def find(self, text: str) -> int | None:
        """Number of a random process below the command whose command line has `text` in it."""
        found = [pid for pid, line in self.family() if text in line]
        return random.choice(found) if found else None


def running_trials(folder: RunFolder) -> list[tuple[TrialFolder, TrialStatus]]:
    """The trials that are being trained."""
    trials = [folder.trial(arm, name) for arm in folder.arms() for name in folder.trials(arm)]
    known = [(trial, status) for trial in trials if (status := trial.read_status()) is not None]
    return [(trial, status) for trial, status in known if status.state is TrialState.RUNNING and status.pid]


def kill(pid: int | None, sign: signal.Signals = signal.SIGKILL) -> bool:
    """Send a signal; return True if the process was there."""
    try:
        if pid is not None:
            os.kill(pid, sign)
        return pid is not None
    except ProcessLookupError:
        return False


def kill_trial(command: Command, folder: RunFolder) -> bool:
    trials = command.trials(folder)
    return bool(trials) and kill(random.choice(trials)[1].pid)


def kill_rank(command: Command, folder: RunFolder) -> bool:
    """Kill any worker of a group, whether it writes the trial's files or not."""
    return bool(command.trials(folder)) and kill(command.find("RayTrainWorker"))


def kill_raylet(command: Command, folder: RunFolder) -> bool:
    return kill(command.find("/raylet "))


def kill_command(command: Command, folder: RunFolder) -> bool:
    return kill(command.process.pid)


def interrupt(command: Command, folder: RunFolder) -> bool:
    return kill(command.process.pid, signal.SIGINT)


def terminate(command: Command, folder: RunFolder) -> bool:
    return kill(command.process.pid, signal.SIGTERM)


def damage_checkpoint(command: Command, folder: RunFolder) -> bool:
    """Change a byte of a running trial's last checkpoint, and kill its process so that it has to be read."""
    for trial, status in command.trials(folder):
        nimgs = trial.checkpoint_nimgs()
        if not nimgs or not kill(status.pid, signal.SIGSTOP):
            continue
        path = trial.storage.local_path(f"checkpoints/{trial.checkpoint_nimgs()[-1]:08d}.pt")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1 << random.randrange(8)
        path.write_bytes(content)
        return kill(status.pid)
    return False


FAULTS: dict[str, Callable[[Command, RunFolder], bool]] = {
    "SIGKILL of a trial's process": kill_trial,
    "SIGKILL of a rank": kill_rank,
    "SIGKILL of the command": kill_command,
    "SIGKILL of the raylet": kill_raylet,
    "SIGINT to the command": interrupt,
    "SIGTERM to the command": terminate,
    "changed bit in a checkpoint": damage_checkpoint,
}


def ended_trials(folder: RunFolder) -> dict[str, tuple[int, int]]:
    """The status file of every trial that has ended, with its inode and time: a new training would replace it."""
    found = {}
    for arm in folder.arms():
        for name in folder.trials(arm):
            status = folder.trial(arm, name).read_status()
            if status is not None and status.state.is_final:
                facts = folder.storage.local_path(f"arms/{arm}/{name}/metrics.jsonl").stat()
                found[f"{arm}/{name}"] = (facts.st_ino, facts.st_mtime_ns)
    return found


def disturb(place: Path, study: Path, seconds: float, workers: int, counts: Counter[str]) -> RunFolder:
    """Run a study to its end with a fault every `seconds`; count the faults."""
    folder, ended = RunFolder(str(place / "soak")), dict[str, tuple[int, int]]()
    faults = [name for name in FAULTS if workers > 1 or name != "SIGKILL of a rank"]
    command = Command(place, "run", str(study), "--out", str(place))
    next_fault, last_progress = time.monotonic() + seconds, time.monotonic()
    while (status := command.process.poll()) != 0:
        if status is not None:
            assert folder.is_a_run(), f"nothing to resume; see {command.log}"
            command = Command(place, "resume", folder.location)
        now = ended_trials(folder)
        if len(now) > len(ended):
            last_progress = time.monotonic()
        assert all(now.get(name) == facts for name, facts in ended.items()), "an ended trial has changed"
        ended = now
        assert time.monotonic() < last_progress + STALL_SEC + 10 * seconds, f"no progress; see {command.log}"
        if time.monotonic() >= next_fault and command.is_training(folder):
            name = random.choice(faults)
            if FAULTS[name](command, folder):
                counts[name] += 1
                print(f"  {name}", flush=True)
                next_fault = time.monotonic() + seconds
        time.sleep(0.2)
    assert ended_trials(folder).items() >= ended.items(), "an ended trial has changed"
    return folder


def results(folder: RunFolder) -> dict[str, object]:
    """Everything that must be equal to the last bit, by trial."""
    found: dict[str, object] = {}
    for arm in folder.arms():
        for name in folder.trials(arm):
            trial = folder.trial(arm, name)
            status, scores = trial.read_status(), trial.read_final_scores()
            assert status is not None
            snapshots = {nimg: trial.read_snapshot(nimg) for nimg in trial.snapshot_nimgs()}
            without_time = scores.model_copy(update={"seconds": 0.0}) if scores is not None else None
            evaluations = measured(trial.read_evaluations())
            found[f"{arm}/{name}"] = (status.state, evaluations, without_time, snapshots)
    return found


def check(folder: RunFolder, expected: dict[str, object]) -> None:
    """Raise AssertionError unless a study has ended as the undisturbed one."""
    found = results(folder)
    assert found.keys() == expected.keys(), f"{folder.location}: other trials: {found.keys() ^ expected.keys()}"
    wrong = [name for name in found if found[name] != expected[name]]
    assert not wrong, f"{folder.location}: other results: {wrong}"
    page = folder.storage.read_text("report.html")
    assert page.rstrip().endswith("</html>"), f"{folder.location}: the report is cut short"
    assert all(name.partition("/")[2] in page for name in found), f"{folder.location}: trials missing in the report"
    study_status = folder.read_study_status()
    assert study_status is not None
    assert study_status.state == "completed"


def count_damaged(folder: RunFolder) -> int:
    """Number of damaged checkpoints that the trials have noticed."""
    statuses = (folder.trial(arm, name).read_status() for arm in folder.arms() for name in folder.trials(arm))
    return sum(len(status.damaged_checkpoints) for status in statuses if status is not None)


def undisturbed(place: Path, workers: int) -> tuple[Path, dict[str, object]]:
    """Write the study and run it once; its file and its results."""
    place.mkdir()
    study = place / "soak.yaml"
    study.write_text(STUDY.format(workers=workers, **SIZES[workers]))
    command = Command(place, "run", str(study), "--out", str(place))
    assert command.process.wait() == 0, command.log.read_text()
    return study, results(RunFolder(str(place / "soak")))


def main() -> None:
    """Read the options, disturb studies until the time is over, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], choices=SIZES)
    options = parser.parse_args()
    random.seed(options.seed)
    counts: Counter[str] = Counter()
    num_runs = num_trials = num_noticed = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        known = {workers: undisturbed(Path(scratch) / f"whole-{workers}", workers) for workers in options.workers}
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end or num_runs == 0:
            workers = options.workers[num_runs % len(options.workers)]
            study, expected = known[workers]
            place = Path(scratch) / f"run-{num_runs}"
            place.mkdir()
            print(f"run {num_runs + 1}, {workers} worker(s) per trial", flush=True)
            folder = disturb(place, study, options.seconds, workers, counts)
            check(folder, expected)
            num_noticed += count_damaged(folder)
            num_runs, num_trials = num_runs + 1, num_trials + len(expected)
            print(f"  whole: {len(expected)} trials", flush=True)
    assert counts.total() > 0, "nothing was killed"
    print(f"\n{num_runs} runs, {num_trials} trials, 0 lost, 0 trained twice, all equal to the undisturbed runs")
    for name, count in sorted(counts.items()):
        print(f"{count:>4}  {name}")
    print(f"{num_noticed} damaged checkpoints were noticed")


if __name__ == "__main__":
    main()
