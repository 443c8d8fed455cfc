"""The device seconds that a search needs to match the best score of a random search, on tiny digits.

A random search trains every trial to its end, with one score there from all images. Another random search of as many
trials would match its best score in half of all cases, so the cost of the whole search is what random search pays for
that score. The other ways train on, one trial after the other, until one matches it. A way that has not matched it
for as many device seconds ends there, and counts as no cheaper.

* `asha`: random configurations, stopped early by asha;
* `tpe`: tpe's configurations, each trained to its end;
* `tpe asha`: both, with every score from all images;
* `tpe asha cheap`: both, with scores from a tenth of the images before the end.

The director, the searches and the trainings are those of `gan_study run`; Ray and the end work of trials are left out.
Device seconds are those that the trials record: training and evaluations. They depend on what else the machine does, so
the images trained are compared, too. Repeats differ in all seeds, and share the real images and the extractor.

    python tests/benchmarks/search_cost.py [--trials 64] [--kimg 30] [--repeats 5] [--all-ways] [--processes 2]

With the values above, the last way takes about three quarters of an hour on two cores, and `--all-ways` twice that.
"""

import argparse
import math
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import optuna
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.small_search import NUM_SAMPLES, RANDOM, make_study, prepare

from gan_study.config.reading.load import dump_study
from gan_study.config.study import StudyConfig
from gan_study.data.datasets import Dataset
from gan_study.extractors.objective import Objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.director.trial_record import TrialRecord
from gan_study.search.sampling.search_storage import SearchStorage
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

WAYS: dict[str, dict[str, Any]] = {
    "asha": {"search": {"sampler": "random", "scheduler": "asha"}},
    "tpe": {"search": {"sampler": "tpe", "scheduler": "none"}, "checks": 1},
    "tpe asha": {"search": {"sampler": "tpe", "scheduler": "asha"}},
    "tpe asha cheap": {"search": {"sampler": "tpe", "scheduler": "asha"}, "early": NUM_SAMPLES // 10},
}
DEFAULT_WAY = "tpe asha cheap"


@dataclass(frozen=True)
class Cost:
    """The spending of a search, and the best score that it found for it."""

    seconds: float
    """Device seconds of training and evaluation."""
    kimg: float
    """Thousands of images trained."""
    num_trials: int
    best: float | None
    """Lowest score of a completed trial; None if no trial has a score."""
    matched: bool

    def __str__(self) -> str:
        best = "no score" if self.best is None else f"best {self.best:.1f}"
        return f"{self.seconds:.0f} s, {self.kimg:.0f} kimg, {self.num_trials} trials, {best}"


def run_search(study: StudyConfig, place: str, rival: Cost | None) -> Cost:
    """Train a study's trials one after the other: all of them, or until one scores as low as the rival's best.

    With a rival, the search also ends once it has spent more device seconds than the rival.
    """
    folder = RunFolder(place)
    folder.write_study_text(dump_study(study))
    dataset, objective = prepare(study, folder)
    director = Director(study, folder, objective.record, SearchStorage(), 1)
    cost = Cost(0.0, 0.0, 0, None, matched=False)
    for trial in train_trials(director, folder, dataset, objective):
        last, score = trial.evaluations[-1], trial.score if trial.state is TrialState.COMPLETED else None
        best = min((known for known in (cost.best, score) if known is not None), default=None)
        matched = rival is not None and rival.best is not None and best is not None and best <= rival.best
        spent = cost.seconds + last.seconds, cost.kimg + last.cur_nimg / 1000
        cost = Cost(*spent, cost.num_trials + 1, best, matched)
        if rival is not None and (matched or cost.seconds > rival.seconds):
            break
    return cost


def train_trials(
    director: Director, folder: RunFolder, dataset: Dataset, objective: Objective
) -> Iterator[TrialRecord]:
    """Train the trials that the director starts, and yield each at its end."""
    while (config := director.next_trial()) is not None:
        key = config.arm, config.name
        training = train(config, dataset, objective, folder.trial(*key), Workers())
        for progress in training:
            if director.receive_progress(key, progress.status.state, progress.evaluation):
                break
        training.close()
        yield director.trials[key]


def run_repeat(trials: int, kimg: float, seed: int, ways: list[str]) -> dict[str, Cost]:
    """The cost of a random search and of each way to match its best score, with seeds of their own."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    costs: dict[str, Cost] = {}
    for place, (name, way) in enumerate({"random": RANDOM, **{name: WAYS[name] for name in ways}}.items()):
        # Seeds of their own, since a way would otherwise begin with the very trials that it is to match.
        study = make_study(trials, kimg, 10_000_000 * (1 + place) + 1000 * seed, way)
        with tempfile.TemporaryDirectory() as folder:
            costs[name] = run_search(study, folder, costs.get("random"))
        print(f"repeat {seed}, {name}: {costs[name]}", flush=True)
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--kimg", type=float, default=30, help="thousands of images of a whole training")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2, help="repeats that run at once, with one thread each")
    parser.add_argument("--all-ways", action="store_true", help="also the ways with a part left out")
    options = parser.parse_args()
    ways = list(WAYS) if options.all_ways else [DEFAULT_WAY]
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(run_repeat, options.trials, options.kimg, seed, ways) for seed in range(options.repeats)]
        repeats = [job.result() for job in jobs]
    if any(costs["random"].best is None for costs in repeats):
        sys.exit("a random search found no score at all: train longer")
    for name in ways:
        pairs = [(costs["random"], costs[name]) for costs in repeats]
        seconds, kimg = (
            [min(getattr(a, of) / getattr(b, of), math.inf if b.matched else 1) for a, b in pairs]
            for of in ("seconds", "kimg")
        )
        missed = sum(not cost.matched for _, cost in pairs)
        print(
            f"{name}: {median(seconds):.1f} times fewer device seconds than random search (asked for: 3; repeats: "
            f"{', '.join(f'{ratio:.1f}' for ratio in sorted(seconds))}), {median(kimg):.1f} times fewer images; "
            f"{missed} of {len(pairs)} repeats did not match its score for as many seconds"
        )


if __name__ == "__main__":
    main()
