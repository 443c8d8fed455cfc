"""A part of a trial's end work that fails harms neither the training nor the other parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.prepared_objective import Prepared
from support.scripted_world import make_evaluation

from gan_study.config.training import TrialConfig
from gan_study.evaluation import whole_trial
from gan_study.evaluation.whole_trial import train_and_finish
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.progress import Progress


@pytest.fixture
def trial(tmp_path: Path) -> TrialFolder:
    """The folder of a trial whose training is complete."""
    trial = TrialFolder(Storage(tmp_path))
    trial.write_evaluations([make_evaluation(0, 500.0), make_evaluation(1000, 11.0)])
    trial.write_status(TrialStatus(state=TrialState.COMPLETED, cur_nimg=1000))
    return trial


class _Ended:
    """Replaces the training loop: the trial has ended, as its files show."""

    def __init__(self, trial: TrialFolder) -> None:
        self.trial = trial

    def __call__(self, *_: object) -> Iterator[Progress]:
        status = self.trial.read_status()
        assert status is not None
        yield Progress(status, self.trial.read_evaluations()[-1])


def _fail_with(error: Exception) -> object:
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "MemoryError"),
        (RuntimeError("CUDA out of memory.\nTried to allocate 2 GiB"), "RuntimeError: CUDA out of memory."),
    ],
)
def test_an_error_of_one_part_leaves_the_others_and_a_note(
    trial: TrialFolder, monkeypatch: pytest.MonkeyPatch, prepared: Prepared, error: Exception, reason: str
) -> None:
    monkeypatch.setattr(whole_trial, "train", _Ended(trial))
    monkeypatch.setattr(whole_trial, "diagnose_trial", _fail_with(error))
    monkeypatch.setattr(whole_trial, "write_end_images", lambda *_: False)
    monkeypatch.setattr(whole_trial, "compute_final_scores", lambda *_: None)
    training = {"dataset": {"name": "digits"}, "network": "mlp", "loss": "hinge"}
    config = TrialConfig.model_validate({"training": training, "phase": "confirm"})
    (progress,) = train_and_finish(config, prepared.dataset, prepared.load(), trial, Workers())
    assert progress.status.state is TrialState.COMPLETED
    status = trial.read_status()
    assert status is not None
    assert status.end_failures == {"diagnosis": reason}
    assert status.end_not_finite == ("interpolation", "final_scores")
