"""The overhead of Ray in a study: the same trainings under `gan_study run` and in a bare loop of two processes.

First the study runs as a user runs it. Its overhead is (time from the first trial's start to the last one's end)
x (trials at once) minus the trials' own training and evaluation time, per trial. Evaluation are the scores along the
training and what a confirmed trial ends with, its final scores and its diagnosis; without these two as well. Then the
very configurations it trained, each as far as it was trained, with the same end, run again in processes that take them
from a queue, without Ray; they make no report.

With `--set resources.workers_per_trial=2` there is no bare loop. The seconds until the first trial begins are shown in
its place: in them Ray Train starts the group of workers that all trials share.

    python tests/benchmarks/overhead.py [studies/lsgan_vs_wgan.yaml] [--set NAME=VALUE ...] [--out FOLDER]
"""

import argparse
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypeAlias

from gan_study.config.reading.load import load_study
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState

Orders: TypeAlias = "multiprocessing.Queue[tuple[str, int | None] | None]"
"""Configurations as JSON with the number of images after which each training stops, if before its end."""


def run_study(study_file: str, overrides: list[str], out: str) -> tuple[RunFolder, float]:
    """Run the study as a command; its run folder and the command's wall time in seconds."""
    options = [part for override in overrides for part in ("--set", override)]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "gan_study", "run", study_file, "--out", out, *options], check=True)
    seconds = time.perf_counter() - start
    (name,) = Path(out).iterdir()
    return RunFolder(str(name)), seconds


def study_overhead(folder: RunFolder) -> tuple[float, float, int, int]:
    """Seconds of overhead per trial, the same with the ends of trials in it, and how many trials, in all and at once.

    The processes are the study's own, so that the first final scores and diagnosis in each take longer: these seconds
    (features of real images) are in none of the trials' own times, but in the overhead.
    """
    status = folder.read_study_status()
    assert status is not None
    starts: list[float] = []
    ends: list[float] = []
    busy, at_end = 0.0, 0.0
    for arm in folder.arms():
        for name in folder.trials(arm):
            trial = folder.trial(arm, name)
            trial_status, last = trial.read_status(), trial.read_evaluations()[-1]
            assert trial_status is not None
            assert trial_status.start_time is not None
            assert trial_status.end_time is not None
            starts.append(trial_status.start_time)
            ends.append(trial_status.end_time)
            busy += last.train_sec + last.evaluate_sec
            at_end += sum(record.seconds for record in (trial.read_final_scores(), trial.read_diagnosis()) if record)
    spent = (max(ends) - min(starts)) * status.num_concurrent_trials
    num = len(starts)
    return (spent - busy - at_end) / num, (spent - busy) / num, num, status.num_concurrent_trials


def group_start(folder: RunFolder) -> float:
    """Seconds from the moment at which the trials may begin, when environment.json is written, to the first start."""
    starts = [
        status.start_time
        for arm in folder.arms()
        for name in folder.trials(arm)
        if (status := folder.trial(arm, name).read_status()) is not None and status.start_time is not None
    ]
    return min(starts) - Path(folder.storage.local_path("environment.json")).stat().st_mtime


def bare_loop(folder: RunFolder, num_processes: int) -> float:
    """Wall time in seconds of the study's trainings in processes without Ray, from their start to their end."""
    context = multiprocessing.get_context("spawn")
    queue: Orders = context.Queue()
    orders = []
    for arm in folder.arms():
        for name in folder.trials(arm):
            trial = folder.trial(arm, name)
            config, status = trial.read_config(), trial.read_status()
            assert config is not None
            assert status is not None
            orders.append((status.start_time or 0.0, config.model_dump_json(), status.cur_nimg, status.state))
    for _, content, cur_nimg, state in sorted(orders):
        queue.put((content, cur_nimg if state is TrialState.STOPPED else None))
    for _ in range(num_processes):
        queue.put(None)
    with tempfile.TemporaryDirectory() as out:
        shutil.copytree(folder.storage.local_path("objective"), Path(out) / "objective")
        start = time.perf_counter()
        processes = [context.Process(target=_train_all, args=(queue, out)) for _ in range(num_processes)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        seconds = time.perf_counter() - start
    assert all(process.exitcode == 0 for process in processes), "a process of the bare loop failed"
    return seconds


def _train_all(queue: Orders, out: str) -> None:
    from gan_study.search.trials.begin_trial import begin_trial
    from gan_study.search.trials.messages import TrialOrder
    from gan_study.training.distributed import Workers

    while (order := queue.get()) is not None:
        config = TrialConfig.model_validate_json(order[0])
        for progress in begin_trial(TrialOrder(config, out), Workers()):
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
        overhead, with_ends, num_trials, num_concurrent = study_overhead(folder)
        study = load_study(folder.storage.local_path("study.yaml"))
        num_workers = study.resources.workers_per_trial
        start_sec = group_start(folder)
        bare_sec = bare_loop(folder, num_concurrent) if num_workers == 1 else None
    print(
        f"overhead: {overhead:.2f} s per trial over {num_trials} trials of {num_workers} workers, {num_concurrent} at "
        f"once (asked for: {1.5 if num_workers == 1 else 3} s); {with_ends:.2f} s if final scores and diagnoses count "
        "as overhead"
    )
    if bare_sec is None:
        print(f"the group of workers: {start_sec:.1f} s until the first trial began (asked for: 20 s)")
        print(f"wall time: gan_study run {study_sec:.0f} s")
        return
    print(
        f"wall time: gan_study run {study_sec:.0f} s, bare loop {bare_sec:.0f} s, "
        f"ratio {study_sec / bare_sec:.2f} (asked for: 1.15)"
    )


if __name__ == "__main__":
    main()
