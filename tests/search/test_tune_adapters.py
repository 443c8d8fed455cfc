"""The director's adapters for Ray Tune, without Ray: final failures, and retries."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.scripted_world import World, make_evaluation, make_study

from gan_study.config.training import TrialConfig
from gan_study.errors import InputError, MissingGpuError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.trials import begin_trial
from gan_study.search.trials import one_worker as trial_one_worker
from gan_study.search.trials.messages import read_abort, read_failure
from gan_study.search.trials.tune_adapters import DirectorScheduler, DirectorSearcher


def score(config: TrialConfig, cur_nimg: int) -> float:
    return 10.0


@dataclass
class Metadata:
    """Tune's record of a trial's failures."""

    num_failures: int = 0
    was_told: bool = False

    def invalidate_cache(self) -> None:
        self.was_told = True


@dataclass
class TuneTrial:
    trial_id: str
    run_metadata: Metadata = field(default_factory=Metadata)


@pytest.fixture
def searcher(tmp_path: Path) -> DirectorSearcher:
    world = World(make_study(), RunFolder(str(tmp_path)), score, max_concurrent_trials=2)
    searcher = DirectorSearcher(world.make_director(), str(tmp_path))
    assert searcher.suggest("first") is not None
    return searcher


def message(evaluation: EvaluationRecord) -> dict[str, Any]:
    return {"state": "running", "evaluation": evaluation.model_dump_json(), "done": False}


def test_failures_count_from_the_last_progress(searcher: DirectorSearcher) -> None:
    scheduler, trial = DirectorScheduler(searcher), TuneTrial("first")
    scheduler.on_trial_result(None, trial, message(make_evaluation(0, 500.0)))  # type: ignore[arg-type]
    trial.run_metadata = Metadata(num_failures=2)
    again = message(make_evaluation(0, 500.0))  # the trial begins anew: no progress yet
    scheduler.on_trial_result(None, trial, again)  # type: ignore[arg-type]
    assert trial.run_metadata == Metadata(num_failures=2)
    scheduler.on_trial_result(None, trial, message(make_evaluation(1000, 50.0)))  # type: ignore[arg-type]
    assert trial.run_metadata == Metadata(num_failures=0, was_told=True)


def test_a_failure_that_would_come_again_ends_the_trial(searcher: DirectorSearcher) -> None:
    director = searcher.director
    searcher.suggest("second")
    searcher.on_trial_complete("first", {"failure": "training.pac: wrong", "done": True})
    trial, second = director.trials.values()
    assert trial.failure == "training.pac: wrong"
    assert trial.state is TrialState.RUNNING  # The other trial may fail alike.
    searcher.handle_result("second", message(make_evaluation(1000, 50.0)))
    assert (trial.state, second.state) == (TrialState.FAILED, TrialState.RUNNING)
    status = trial.folder.read_status()
    assert status is not None
    assert status.reason == "training.pac: wrong"
    assert director.abort_reason is None


@pytest.mark.parametrize(
    ("error", "ends_the_study"),
    [
        (StorageError("no space"), True),
        (MissingGpuError("no GPU"), True),
        (InputError("training.pac: wrong"), False),
    ],
)
def test_what_a_trial_says_of_its_errors(
    searcher: DirectorSearcher, monkeypatch: pytest.MonkeyPatch, error: Exception, ends_the_study: bool
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(begin_trial, "begin_trial", fail)
    trial = object.__new__(trial_one_worker.OneWorkerTrial)
    trial.setup(searcher.suggest("second") or {})
    result = trial.step()
    assert result["done"]
    assert (read_abort(result), read_failure(result)) == ((str(error), None) if ends_the_study else (None, str(error)))


def test_a_gpu_that_torch_cannot_use_is_no_cpu(searcher: DirectorSearcher) -> None:
    order = searcher.director.trials
    (record,) = order.values()
    workers = record.config.workers.model_copy(update={"gpus_per_worker": 0.5})
    record.config = record.config.model_copy(update={"workers": workers})
    trial = object.__new__(trial_one_worker.OneWorkerTrial)
    trial.setup({"trial_config": record.config.model_dump_json(), "run_folder": "nowhere", "pause_nimg": None})
    reason = read_abort(trial.step())
    assert reason is not None
    assert reason.startswith("resources.gpus_per_worker: torch must be able to use the GPU that Ray has lent")
