"""Measure the cost of a fixed order of a search: time in which slots wait, and the score that the search finds.

Each repeat searches the small DCGAN of search_cost.py on digits with seeds of its own, by tpe and asha, in a free order
and with several lags, on several numbers of slots. The trainings are real. Their clock is not: a training takes the
seconds that `plan` assumes for its network, so that the order in which trials end does not depend on the machine, and a
training that several searches draw is trained once.

    python tests/benchmarks/search_order.py [--trials 12] [--kimg 10] [--repeats 10] [--processes 2]

With the values above it takes about half an hour on two cores.
"""

import argparse
import heapq
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
from support.small_search import make_study, prepare

from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.extractors.objective import Objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.sampling.search_storage import SearchStorage
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

SLOTS = (2, 4)
ORDERS: dict[str, dict[str, Any]] = {
    "free": {"order": "free", "lag": None},
    "lag 1": {"lag": 1},
    "lag 2": {"lag": 2},
    "lag 4": {"lag": 4},
}
Step = tuple[TrialState, EvaluationRecord | None]


@dataclass(frozen=True)
class Outcome:
    """A search's best score, the seconds from its start to its end, and the share of the slots' time spent waiting."""

    best: float
    seconds: float
    idle: float


class Trainings:
    """Real trainings, each made once, as far as a search has asked for."""

    def __init__(self, place: str, dataset: Dataset, objective: Objective) -> None:
        self._folder, self._dataset, self._objective = RunFolder(place), dataset, objective
        self._known: dict[str, tuple[list[Step], Iterator[Any]]] = {}

    def steps(self, config: TrialConfig) -> Iterator[Step]:
        """Yield the progress of a training as the loop would."""
        identity = config.training.model_dump_json()
        if identity not in self._known:
            trial = self._folder.trial(config.arm, f"training_{len(self._known)}")
            self._known[identity] = [], train(config, self._dataset, self._objective, trial, Workers())
        steps, training = self._known[identity]
        for number in range(10**6):
            if number == len(steps):
                progress = next(training, None)
                if progress is None:
                    return
                steps.append((progress.status.state, progress.evaluation))
            yield steps[number]


def search(study: StudyConfig, place: str, trainings: Trainings, objective: Objective, slots: int) -> Outcome:
    """Run a search on a clock of its own."""
    director = Director(study, RunFolder(place), objective.record, SearchStorage(), slots)
    now = busy = 0.0
    queue: list[tuple[float, tuple[str, str]]] = []
    live: dict[tuple[str, str], tuple[Iterator[Step], float]] = {}
    while not director.finished:
        while (config := director.next_trial()) is not None:
            key, training = (config.arm, config.name), config.training
            duration = estimate_seconds_per_kimg(training) * training.evaluate_every_kimg
            live[key] = trainings.steps(config), duration
            heapq.heappush(queue, (now, key))
        now, key = heapq.heappop(queue)
        steps, duration = live[key]
        state, evaluation = next(steps)
        if director.receive_progress(key, state, evaluation) or state.is_final:
            del live[key]
        else:
            busy += duration
            heapq.heappush(queue, (now + duration, key))
    scores = [trial.score for trial in director.trials.values() if trial.state is TrialState.COMPLETED]
    best = min((score for score in scores if score is not None), default=objective.record.failure_score)
    return Outcome(best, now, 1 - busy / (slots * now))


def run_repeat(trials: int, kimg: float, seed: int) -> dict[tuple[str, int], Outcome]:
    """The outcome of each order on each number of slots, with equal seeds."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: dict[tuple[str, int], Outcome] = {}
    way = {"search": {"sampler": "tpe", "scheduler": "asha"}}
    with tempfile.TemporaryDirectory() as place:
        base = make_study(trials, kimg, 1000 * seed, way)
        base = base.model_copy(update={"budget": base.budget.model_copy(update={"trials_per_arm": trials})})
        dataset, objective = prepare(base, RunFolder(f"{place}/objective"))
        trainings = Trainings(f"{place}/trainings", dataset, objective)
        for name, changes in ORDERS.items():
            study = base.model_copy(update={"search": base.search.model_copy(update=changes)})
            for slots in SLOTS:
                found[name, slots] = search(study, f"{place}/{name}/{slots}", trainings, objective, slots)
                print(f"repeat {seed}, {name}, {slots} slots: {found[name, slots]}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--kimg", type=float, default=10, help="thousands of images of a whole training")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2, help="repeats that run at once, with one thread each")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(run_repeat, options.trials, options.kimg, seed) for seed in range(options.repeats)]
        repeats = [job.result() for job in jobs]
    for slots in SLOTS:
        for name in ORDERS:
            ours, free = ([each[order, slots] for each in repeats] for order in (name, "free"))
            ratios = [a.best / b.best for a, b in zip(ours, free, strict=True)]
            print(
                f"{slots} slots, {name}: best score {median(o.best for o in ours):.2f} (median of {len(ours)}; against "
                f"free times {median(ratios):.2f}, better in {sum(r < 1 for r in ratios)}, worse in "
                f"{sum(r > 1 for r in ratios)}), idle {median(o.idle for o in ours):.0%}, "
                f"time {median(a.seconds / b.seconds for a, b in zip(ours, free, strict=True)):.2f} times free's"
            )


if __name__ == "__main__":
    main()
