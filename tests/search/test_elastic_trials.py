"""A trial whose number of workers follows the cluster."""

import threading
import time
from itertools import islice, pairwise
from pathlib import Path

import pytest
from support.ray_cluster import another_machine, running_cluster
from support.tiny_study import tiny_folder, tiny_study
from support.tiny_training import measured, trial_folder

from gan_study.config.training import WorkersConfig
from gan_study.data.datasets import load_dataset
from gan_study.extractors.objective import load_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.search.director.director import Director
from gan_study.search.run import run_study
from gan_study.search.trials import worker_groups
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

pytestmark = [pytest.mark.ray, pytest.mark.slow]

LIMIT_SEC = 240


class SeenEnough(BaseException):  # Ray Tune wraps what is derived from Exception.
    """Ends the study."""


class Changes:
    """Adds a machine to the cluster once the trial has begun, and takes it away once the trial uses it."""

    def __init__(self, address: str, folder: RunFolder) -> None:
        self._trial = folder.trial("mlp", "search_000")
        self._address = address
        self._deadline = time.monotonic() + LIMIT_SEC
        self.is_over = threading.Event()

    def start(self, director: Director) -> None:
        threading.Thread(target=self._change, daemon=True).start()

    def _change(self) -> None:
        self._wait_for([1])
        with another_machine(self._address):
            self._wait_for([1, 2])
        self._wait_for([1, 2, 1])
        self.is_over.set()

    def _wait_for(self, numbers: list[int]) -> None:
        while numbers_of_workers(self._trial.read_evaluations()) != numbers and time.monotonic() < self._deadline:
            time.sleep(0.2)

    def look(self) -> None:
        """End the study when the changes are over, or have taken too long."""
        if self.is_over.is_set() or time.monotonic() > self._deadline:
            raise SeenEnough


def numbers_of_workers(evaluations: list[EvaluationRecord]) -> list[int]:
    """The numbers of workers that a trial has had, one after the other."""
    found = [e.num_workers for e in evaluations if e.num_workers is not None]
    return [number for i, number in enumerate(found) if i == 0 or number != found[i - 1]]


def test_a_trial_grows_and_shrinks_with_the_cluster_and_learns_the_same(
    extractor_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_groups, "RESIZE_SEC", 1.0)
    # Ray waits this long (default: 60 s) for the machine that is gone before it goes on with one worker.
    monkeypatch.setenv("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "40")
    study = tiny_study(
        arms={"mlp": {"network": {"name": "mlp", "width": 16}, "loss": "least_squares"}},
        # The batch does not divide among the two workers.
        defaults={"batch_size": 15, "d_lr": 1e-4},
        budget={"trials_per_arm": 1, "total_kimg": 1e6, "evaluate_every_kimg": 1.5},
        search={"scheduler": "none"},
        confirm={"top_k": 0},
        resources={"workers_per_trial": {"min": 1, "max": 2}},
    )
    folder = tiny_folder(tmp_path / "run", study)
    with running_cluster({"GAN_STUDY_CACHE": str(extractor_cache)}, 1) as address:
        changes = Changes(address, folder)
        with pytest.raises(SeenEnough):
            run_study(study, folder, address=address, on_start=changes.start, on_change=changes.look)

    trial = folder.trial("mlp", "search_000")
    evaluations = trial.read_evaluations()
    assert numbers_of_workers(evaluations) == [1, 2, 1]
    nimgs = [e.cur_nimg for e in evaluations]
    assert nimgs == [1500 * i for i in range(len(nimgs))]
    for before, after in pairwise(evaluations):
        assert before.device_sec is not None
        assert after.device_sec is not None
        assert after.num_workers is not None
        spent = after.seconds - before.seconds
        assert after.device_sec - before.device_sec == pytest.approx(spent * after.num_workers)

    config = trial.read_config()
    assert config is not None
    assert config.workers == WorkersConfig(num_workers=2, min_workers=1)
    dataset, record = load_dataset(config.training.dataset), folder.read_objective()
    assert record is not None
    objective = load_objective(folder.storage, record, dataset)
    undisturbed = train(config, dataset, objective, trial_folder(tmp_path / "alone"), Workers())
    alone = [progress.evaluation for progress in islice(undisturbed, len(evaluations))]
    num_alone = [e.num_workers for e in evaluations].index(2)
    assert measured([e for e in alone[:num_alone] if e]) == measured(evaluations[:num_alone])
    scores = [e.score for e in alone if e is not None]
    assert [e.score for e in evaluations] == pytest.approx(scores, rel=1e-3)
