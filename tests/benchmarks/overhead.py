"""What Ray costs a study: the same trainings under `gan_study run` and in a bare loop of two processes.

First the study runs as a user runs it. Its overhead is (time from the first trial's start to the last one's end)
x (trials at once) minus the trials' own training and evaluation time, per trial. Then the very configurations it
trained, each as far as it was trained, run again in processes that take them from a queue, without Ray.

    python tests/benchmarks/overhead.py [studies/lsgan_vs_wgan.yaml] [--set NAME=VALUE ...] [--out FOLDER]
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState


def run_study(study_file: str, overrides: list[str], out: str) -> tuple[RunFolder, float]:
    """Run the study as a command; its run folder and the command's wall time in seconds."""
    options = [part for override in overrides for part in ("--set", override)]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "gan_study", "run", study_file, "--out", out, *options], check=True)
    seconds = time.perf_counter() - start
    (name,) = Path(out).iterdir()
    return RunFolder(str(name)), seconds


def study_overhead(folder: RunFolder) -> tuple[float, int, int]:
    """Seconds of overhead per trial, the number of trials and of trials at once."""
    status = folder.read_study_status()
    assert status is not None
    starts, ends, busy = [], [], 0.0
    for arm in folder.arms():
        for name in folder.trials(arm):
            trial = folder.trial(arm, name)
            trial_status, last = trial.read_status(), trial.read_evaluations()[-1]
            starts.append(trial_status.start_time)
            ends.append(trial_status.end_time)
            busy += last.train_sec + last.evaluate_sec
    window = max(ends) - min(starts)
    overhead = (window * status.num_concurrent_trials - busy) / len(starts)
    return overhead, len(starts), status.num_concurrent_trials


def bare_loop(folder: RunFolder, num_processes: int) -> float:
    """Wall time in seconds of the study's trainings in processes without Ray, from their start to their end."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    orders = []
    for arm in folder.arms():
        for name in folder.trials(arm):
            trial = folder.trial(arm, name)
            status = trial.read_status()
            orders.append((status.start_time, trial.read_config().model_dump_json(), status.cur_nimg, status.state))
    for _, config, cur_nimg, state in sorted(orders):
        queue.put((config, cur_nimg if state is TrialState.STOPPED else None))
    for _ in range(num_processes):
        queue.put(None)
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        processes = [
            context.Process(target=_train_all, args=(queue, folder.location, out)) for _ in range(num_processes)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        seconds = time.perf_counter() - start
    assert all(process.exitcode == 0 for process in processes), "a process of the bare loop failed"
    return seconds


def _train_all(queue: multiprocessing.Queue, study_location: str, out: str) -> None:
    from gan_study.data.datasets import load_dataset
    from gan_study.extractors.objective import load_objective
    from gan_study.training.distributed import Workers
    from gan_study.training.loop import train

    study = RunFolder(study_location)
    while (order := queue.get()) is not None:
        config = TrialConfig.model_validate_json(order[0])
        dataset = load_dataset(config.training.dataset)
        objective = load_objective(study.storage, study.read_objective(), dataset)
        for progress in train(config, dataset, objective, RunFolder(out).trial(config.arm, config.name), Workers()):
            if order[1] is not None and progress.evaluation is not None and progress.evaluation.cur_nimg >= order[1]:
                break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="studies/lsgan_vs_wgan.yaml")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    parser.add_argument("--out", help="an empty folder that keeps the run folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, study_sec = run_study(options.study, options.overrides, options.out or temporary)
        overhead, num_trials, num_concurrent = study_overhead(folder)
        bare_sec = bare_loop(folder, num_concurrent)
    print(f"overhead: {overhead:.2f} s per trial over {num_trials} trials, {num_concurrent} at once (asked for: 1.5 s)")
    print(
        f"wall time: gan_study run {study_sec:.0f} s, bare loop {bare_sec:.0f} s, "
        f"ratio {study_sec / bare_sec:.2f} (asked for: 1.15)"
    )


if __name__ == "__main__":
    main()
