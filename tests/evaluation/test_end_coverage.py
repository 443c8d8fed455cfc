"""Coverage as the loop measures it at a trial's end, in the real features of digits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.prepared_objective import Prepared, prepare_digits
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.evaluation.end_coverage import coverage_measure
from gan_study.extractors.objective import Objective
from gan_study.runs.records.measurements import CoverageRecord
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train

NUM = 200


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare_digits(str(tmp_path_factory.mktemp("objective")))


@pytest.fixture(scope="module")
def objective(prepared: Prepared) -> Objective:
    return prepared.load()


class Copies(nn.Module):
    """A generator that gives real images in turns, whatever its latents: as many different ones as it holds."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images = nn.Parameter(images.float() / 127.5 - 1, requires_grad=False)
        self._next = 0

    def forward(self, z: Tensor) -> Tensor:
        positions = (torch.arange(len(z)) + self._next) % len(self.images)
        self._next += len(z)
        return self.images[positions]


def trial(**values: Any) -> TrialConfig:
    training = {
        "dataset": {"name": "digits", "image_size": 16}, "objective": {"num_samples": NUM}, "loss": "least_squares",
        "network": {"name": "dcgan", "width": 4}, "batch_size": 20, "z_dim": 8, "total_kimg": 0.08,
        "evaluate_every_kimg": 0.04,
    }  # fmt: skip
    return TrialConfig(training=TrainingConfig.model_validate(training), measure_coverage=True, **values)


def measured(prepared: Prepared, objective: Objective, indices: np.ndarray) -> CoverageRecord:
    measure = coverage_measure(trial(), prepared.dataset, objective, Workers())
    assert measure is not None
    record = measure(Copies(torch.from_numpy(prepared.dataset.images[indices])))
    assert record is not None
    return record


def test_it_says_what_it_was_measured_with(prepared: Prepared, objective: Objective) -> None:
    record = measured(prepared, objective, prepared.dataset.train_indices[:NUM])
    key = record.key
    assert (key.metric, key.num_generated, key.num_real, key.split) == ("coverage", NUM, NUM, "train")
    assert (key.extractor, key.weights_hash) == (prepared.record.key.extractor, prepared.record.key.weights_hash)
    assert record.k == 5
    assert record.expected == pytest.approx(0.97, abs=0.01)


def test_lost_classes_and_lost_variety_cost_coverage(prepared: Prepared, objective: Objective) -> None:
    dataset = prepared.dataset
    assert dataset.labels is not None
    held_out = dataset.held_out_indices[:NUM]
    classes = [held_out[dataset.labels[held_out] < num] for num in (10, 5, 1)]
    found = [measured(prepared, objective, indices).value for indices in classes]
    assert found[0] == pytest.approx(0.97, abs=0.05)
    assert found[1] == pytest.approx(0.5, abs=0.1)
    assert found[2] == pytest.approx(0.1, abs=0.05)
    assert measured(prepared, objective, held_out[:2]).value < 0.1


def test_images_that_are_not_finite_have_none(prepared: Prepared, objective: Objective) -> None:
    measure = coverage_measure(trial(), prepared.dataset, objective, Workers())
    assert measure is not None
    broken = Copies(torch.full((1, 1, 16, 16), float("nan")))
    assert measure(broken) is None


def test_a_trial_measures_it_once_at_its_end(prepared: Prepared, objective: Objective, tmp_path: Path) -> None:
    for wanted in (True, False):
        config = trial().model_copy(update={"measure_coverage": wanted})
        folder = TrialFolder(Storage(str(tmp_path / str(wanted))))
        measure = coverage_measure(config, prepared.dataset, objective, Workers())
        assert (measure is not None) is wanted
        *_, last = train(config, prepared.dataset, objective, folder, Workers(), measure)
        assert last.evaluation is not None
        written = [e.coverage for e in folder.read_evaluations()]
        assert [record is not None for record in written] == [False, False, wanted]
        assert written[-1] == last.evaluation.coverage
