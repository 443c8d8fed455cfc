"""Trained generators whose failure is known, measured in the features of a real classifier, and what is written.

The healthy generator gives real images that it has not learned from, each once.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save
from support.prepared_objective import Prepared
from torch import Tensor, nn

from gan_study.config.training import DiagnosisConfig, TrainingConfig, TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.errors import InputError
from gan_study.evaluation import end_diagnosis
from gan_study.evaluation.end_diagnosis import diagnose_trial
from gan_study.evaluation.kept_values import forget_values
from gan_study.extractors import real_features
from gan_study.extractors.extractor import Extractor
from gan_study.extractors.objective import Objective
from gan_study.extractors.real_features import compute_real_features
from gan_study.gan.conversion import to_float
from gan_study.runs.records.diagnosis import DiagnosisRecord
from gan_study.runs.storage import Storage
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.state import build_state

TRAINING: dict[str, Any] = {
    "dataset": {"name": "digits", "image_size": 16},
    "objective": {"num_samples": 200},
    "network": {"name": "mlp", "width": 4},
    "loss": "least_squares",
    "z_dim": 8,
}
# Digits hold 300 images out, half of which are the control.
DIAGNOSIS = DiagnosisConfig.model_validate({"thresholds": {"least_samples": 150, "missing_classes": 3}})
CONFIG = TrialConfig(training=TrainingConfig.model_validate(TRAINING), diagnosis=DIAGNOSIS)


class Reel(nn.Module):
    """Gives images one after the other, from the first again when they are used up."""

    def __init__(self, images_uint8: np.ndarray) -> None:
        super().__init__()
        self.images, self.counter = to_float(torch.from_numpy(images_uint8)), count()

    def forward(self, z: Tensor) -> Tensor:
        return torch.stack([self.images[next(self.counter) % len(self.images)] for _ in z])


@pytest.fixture(scope="module")
def objective(prepared: Prepared) -> Objective:
    return prepared.load()


@pytest.fixture(scope="module")
def dataset(prepared: Prepared) -> Dataset:
    """Digits of which 497 training images are not learned."""
    return replace(prepared.dataset, train_indices=_shuffled(prepared)[:1000])


@pytest.fixture
def unseen(prepared: Prepared) -> np.ndarray:
    return _shuffled(prepared)[1000:]


def _shuffled(prepared: Prepared) -> np.ndarray:
    # The files are in the order of their writers.
    return np.random.default_rng(0).permutation(prepared.dataset.train_indices)


@pytest.fixture
def trial(tmp_path: Path) -> TrialFolder:
    """A trial with the snapshot of an untrained generator."""
    folder = TrialFolder(Storage(tmp_path / "trial"))
    folder.write_snapshot(1000, build_state(CONFIG.training, 1, torch.device("cpu")).snapshot())
    return folder


@pytest.fixture
def judged(
    trial: TrialFolder, dataset: Dataset, objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[nn.Module], DiagnosisRecord]]:
    """The diagnosis of a planted generator."""

    def judge(generator: nn.Module) -> DiagnosisRecord:
        monkeypatch.setattr(end_diagnosis, "load_generator", lambda *arguments: generator)
        diagnosis = diagnose_trial(trial, CONFIG, dataset, objective, Workers())
        diagnosis.write(trial)
        assert trial.read_diagnosis() == diagnosis.record
        return diagnosis.record

    # These images are a part of the digits under the key of the whole, which others may have measured or will.
    forget_values()
    yield judge
    forget_values()


Judged = Callable[[nn.Module], DiagnosisRecord]


def test_a_healthy_generator(judged: Judged, dataset: Dataset, unseen: np.ndarray, trial: TrialFolder) -> None:
    record = judged(Reel(dataset.images[unseen]))
    assert record.verdict.name == "healthy", record.verdict.sentence
    assert (record.diagnostics.num, record.diagnostics.num_train) == (150, 1000)
    assert record.extractor.startswith("domain_classifier@")
    assert record.cur_nimg == 1000
    coverage = record.diagnostics.coverage
    assert coverage is not None
    assert coverage.ratio == pytest.approx(1, abs=0.1)
    # Sixteen pairs of 16 pixels, each with its frame.
    assert Image.open(io.BytesIO(trial.storage.read_bytes("samples/neighbours.png"))).size == (16 * 18, 2 * 18)
    # The closest first, and none of these sixteen as far as held-out images usually lie.
    distances = record.neighbour_distances
    assert len(distances) == 16
    assert distances == tuple(sorted(distances))
    assert 0 < distances[-1] < 1
    assert trial.sample_nimgs() == []


def test_a_generator_of_one_class(judged: Judged, dataset: Dataset, unseen: np.ndarray) -> None:
    assert dataset.labels is not None
    every = np.concatenate([dataset.train_indices, unseen])
    verdict = judged(Reel(dataset.images[every[dataset.labels[every] == 3]])).verdict
    assert verdict.name == "total_collapse"
    assert {"coverage_total", "vendi_total"} <= {f.name for f in verdict.decisive}
    assert verdict.missing_classes == tuple("012456789")


def test_a_generator_that_ignores_its_latents(judged: Judged, dataset: Dataset) -> None:
    verdict = judged(Reel(dataset.images[:1])).verdict
    assert verdict.name == "total_collapse"
    # One digit, but a real one.
    assert {f.name for f in verdict.decisive} == {"support_total", "unrealistic", "unlike", "unlike_pixels"}


@pytest.mark.parametrize("network", [{"name": "mlp", "width": 32}, {"name": "dcgan", "width": 8}])
def test_an_untrained_generator_has_not_collapsed(
    network: dict[str, Any], trial: TrialFolder, dataset: Dataset, objective: Objective
) -> None:
    # Its faint grey images are all about the same, in the features and in the pixels.
    config = CONFIG.model_copy(update={"training": TrainingConfig.model_validate(TRAINING | {"network": network})})
    trial.write_snapshot(2000, build_state(config.training, 1, torch.device("cpu")).snapshot())
    diagnosis = diagnose_trial(trial, config, dataset, objective, Workers(), 2000)
    assert diagnosis.record.verdict.name == "unlike_real_images", diagnosis.record.verdict.sentence
    assert {f.name for f in diagnosis.record.verdict.findings if f.fires} >= {"support_total", "coverage_total"}


def test_a_generator_of_copies(judged: Judged, dataset: Dataset, trial: TrialFolder) -> None:
    record = judged(Reel(dataset.images[dataset.train_indices]))
    assert record.verdict.name == "possible_memorisation"
    assert max(record.neighbour_distances) == pytest.approx(0, abs=1e-3)
    shown = np.asarray(Image.open(io.BytesIO(trial.storage.read_bytes("samples/neighbours.png"))))
    assert shown[:18].std() > 0
    np.testing.assert_array_equal(shown[:18], shown[18:])  # each above the image that it is a copy of


def test_real_images_are_looked_at_once_by_a_machine(
    trial: TrialFolder, dataset: Dataset, objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def counted(extractor: Extractor, dataset: Dataset, indices: np.ndarray) -> Any:
        seen.append(len(indices))
        return compute_real_features(extractor, dataset, indices)

    monkeypatch.setattr(real_features, "compute_real_features", counted)
    less = replace(dataset, train_indices=dataset.train_indices[:900])  # that no other test has measured with
    records = []
    for _ in ("one process", "another"):
        forget_values()
        records.append(diagnose_trial(trial, CONFIG, less, objective, Workers()).record)
        assert seen == [900, 300]
    forget_values()
    assert records[0].diagnostics == records[1].diagnostics


def test_a_generator_of_numbers_that_are_not_finite(judged: Judged, trial: TrialFolder) -> None:
    reel = Reel(np.zeros((1, 1, 16, 16), np.uint8))
    reel.images = reel.images / 0
    record = judged(reel)
    assert record.verdict.name == "diverged"
    assert record.diagnostics.non_finite == ("images",)
    assert not trial.storage.exists("samples/neighbours.png")


def test_too_few_held_out_images_leave_it_open(trial: TrialFolder, dataset: Dataset, objective: Objective) -> None:
    small = replace(dataset, held_out_indices=dataset.held_out_indices[:79])
    record = diagnose_trial(trial, CONFIG, small, objective, Workers()).record
    assert record.verdict.name == "inconclusive"
    assert (record.diagnostics.num, record.diagnostics.coverage) == (39, None)
    assert len(record.diagnostics.spectra) > 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"no tensors", "must be whole, but this file"), (save({"a": torch.zeros(1)}), "must hold .* other content")],
)
def test_a_snapshot_that_is_damaged_or_of_another_network(
    trial: TrialFolder, dataset: Dataset, objective: Objective, content: bytes, problem: str
) -> None:
    trial.write_snapshot(2000, content)
    with pytest.raises(InputError, match=rf"/snapshots/00002000\.safetensors: a snapshot {problem}"):
        diagnose_trial(trial, CONFIG, dataset, objective, Workers())


@pytest.mark.parametrize(
    ("at_end", "phase", "written"),
    [
        ("confirmed", "confirm", True),
        ("confirmed", "search", False),
        ("all", "search", True),
        ("none", "confirm", False),
    ],
)
def test_which_trials_are_diagnosed_at_their_end(at_end: Any, phase: Any, written: bool, prepared: Prepared) -> None:
    config = CONFIG.model_copy(
        update={
            "name": f"{at_end}_{phase}",
            "phase": phase,
            "training": CONFIG.training.model_copy(update={"total_kimg": 0.128, "evaluate_every_kimg": 0.064}),
            "diagnosis": DiagnosisConfig(at_end=at_end),
        }
    )
    trial = prepared.folder.trial(config.arm, config.name)
    known = []
    for progress in begin_trial(TrialOrder(config, prepared.folder.location), Workers()):
        known.append((progress.status.state.value, trial.read_diagnosis() is not None))
    assert known == [("running", False), ("running", False), ("completed", written)]
    assert (trial.read_interpolation() is not None) == (phase == "confirm")
    record = trial.read_diagnosis()
    if record is not None:
        assert record.cur_nimg == 128
        # Signals and images together: the evaluations are among the evidence.
        assert next(f for f in record.verdict.findings if f.name == "d_accuracy").value is not None
        again = begin_trial(TrialOrder(config, prepared.folder.location), Workers())
        assert [p.status.state.value for p in again] == ["completed"]
        assert trial.read_diagnosis() == record  # with the seconds it took the first time
