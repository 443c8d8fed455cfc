"""Seconds of an evaluation and of the end work of a confirmed trial on one worker and on several, one thread each.

The generator is an untrained dcgan for MNIST at 32 pixels. The real images' features are computed before. Both numbers
of workers take their turns in one run, so that their ratio says more than their seconds.

    GAN_STUDY_DATA=... python tests/benchmarks/end_work.py [--workers 2] [--rounds 3] [--samples 10000]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.datasets import load_dataset
from gan_study.evaluation.end_diagnosis import diagnose_trial
from gan_study.evaluation.end_scores import compute_final_scores
from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.training.distributed import join_process_group
from gan_study.training.measures.scores import score_generator
from gan_study.training.state import build_state

TRIAL = ("dcgan", "end_work")


def trial_config(num_samples: int) -> TrialConfig:
    training = {
        "dataset": {"name": "mnist", "image_size": 32},
        "network": {"name": "dcgan", "width": 64},
        "loss": "non_saturating",
        "objective": {"num_samples": num_samples},
    }
    return TrialConfig(training=TrainingConfig.model_validate(training), arm=TRIAL[0], name=TRIAL[1], phase="confirm")


def prepare(location: str, num_samples: int) -> None:
    """Make the run folder with the objective and a snapshot."""
    training, folder = trial_config(num_samples).training, RunFolder(location)
    prepare_objective(training, load_dataset(training.dataset), folder)
    folder.trial(*TRIAL).write_snapshot(0, build_state(training, 1, torch.device("cpu")).snapshot())


def measure(location: str, num_samples: int) -> None:
    """Do the work on this process's rank; rank 0 prints the seconds of each part."""
    config, folder = trial_config(num_samples), RunFolder(location)
    training, trial = config.training, folder.trial(*TRIAL)
    dataset, record = load_dataset(training.dataset), folder.read_objective()
    assert record is not None, "prepared"
    objective = load_objective(folder.storage, record, dataset)
    torch.set_num_threads(1)
    with join_process_group(use_gpu=False) as workers:
        g_ema = build_state(training, 1, workers.device).g_ema
        start = time.perf_counter()
        score_generator(g_ema, objective, training, workers, is_end=True)
        seconds = {"an evaluation": time.perf_counter() - start}
        scores = compute_final_scores(trial, training, dataset, objective, workers)
        assert scores is not None, "an untrained generator's images are finite"
        seconds["final scores"] = scores.seconds
        seconds["diagnosis"] = diagnose_trial(trial, config, dataset, objective, workers).record.seconds
        if workers.is_first:
            print(json.dumps(seconds))


def run_workers(num_workers: int, *arguments: str) -> dict[str, float]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(num_workers)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [*torchrun, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    seconds: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return seconds | {"together": sum(seconds.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--measure", help="internal: the prepared folder")
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.samples)
        return
    with tempfile.TemporaryDirectory() as place:
        location = str(Path(place) / "run")
        prepare(location, options.samples)
        arguments = ("--measure", location, "--samples", str(options.samples))
        rounds = [[run_workers(num, *arguments) for num in (1, options.workers)] for _ in range(options.rounds)]
    for part in rounds[0][0]:
        one, several = (median(found[i][part] for found in rounds) for i in (0, 1))
        ratio = median(found[0][part] / found[1][part] for found in rounds)
        print(f"{part:15} {one:7.2f} s on 1 worker  {several:7.2f} s on {options.workers}  ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
