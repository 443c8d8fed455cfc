"""The autoencoder: trained once and without labels, with a measure of its quality."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from gan_study.config.data import DatasetConfig
from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.extractors.autoencoder import Autoencoder, reconstruction_error, train
from gan_study.extractors.extractor import apply_network, images_to_stats
from gan_study.extractors.loading import load_or_train_extractor
from gan_study.extractors.objective import load_objective, prepare_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.storage import Storage


@pytest.fixture(scope="module")
def few_digits(extractor_cache: Path) -> Dataset:
    """The first 300 digits at 8 pixels, a tenth of them held out, without labels."""
    digits, numbers = load_dataset(DatasetConfig(name="digits", image_size=8)), np.arange(300)
    return replace(
        digits,
        images=digits.images[:300],
        labels=None,
        class_names=None,
        train_indices=numbers[numbers % 10 > 0],
        held_out_indices=numbers[::10],
    )


@pytest.mark.parametrize(("image_size", "num_channels"), [(8, 1), (27, 3), (28, 1), (64, 3), (130, 1)])
def test_images_come_back_at_their_size(image_size: int, num_channels: int) -> None:
    network = Autoencoder(image_size, num_channels)
    features, logits = network(torch.zeros(2, num_channels, image_size, image_size, dtype=torch.uint8))
    size = min(image_size, 64)
    assert features.shape == (2, 64)
    assert logits is None
    assert network.reconstruct(features).shape == (2, num_channels, size, size)


def test_it_learns_what_the_images_look_like(few_digits: Dataset, tmp_path: Path) -> None:
    extractor = load_or_train_extractor("autoencoder", few_digits, Storage(tmp_path))
    # Measured: 0.086 after the 253 steps on 270 images; 2.3 to 3.5 untrained, which is worse than the mean image.
    assert extractor.reconstruction_error is not None
    assert 0.04 < extractor.reconstruction_error < 0.2
    untrained = reconstruction_error(Autoencoder(8, 1).eval(), few_digits)
    assert untrained is not None
    assert 1 < untrained < 10
    assert (extractor.name, extractor.layer, extractor.dims) == ("autoencoder", "bottleneck", 64)
    assert extractor.accuracy is None
    assert [name[:14] for name in Storage(tmp_path).list_names()] == ["autoencoder-3-"]
    assert load_or_train_extractor("autoencoder", few_digits, Storage(tmp_path)).weights == extractor.weights
    assert not extractor.network.training


@pytest.mark.parametrize("held_out", [[0], [0, 1]])
def test_held_out_images_without_variance_have_no_share_of_it(few_digits: Dataset, held_out: list[int]) -> None:
    images = few_digits.images.copy()
    images[1] = images[0]
    flat = replace(few_digits, images=images, held_out_indices=np.array(held_out))
    assert reconstruction_error(Autoencoder(8, 1).eval(), flat) is None


def test_the_error_is_the_share_of_variance(few_digits: Dataset) -> None:
    held_out = few_digits.images[few_digits.held_out_indices] / 127.5 - 1

    class MeanImage(Autoencoder):
        def reconstruct(self, features: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(held_out.mean(0)).expand(len(features), -1, -1, -1)

    assert reconstruction_error(MeanImage(8, 1), few_digits) == pytest.approx(1, rel=1e-6)


def test_training_is_repeatable(few_digits: Dataset) -> None:
    first = save(train(few_digits).state_dict())
    assert save(train(few_digits).state_dict()) == first
    assert save(train(few_digits, seed=1).state_dict()) != first


def test_an_objective_without_labels(few_digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STUDY_CACHE", str(tmp_path / "cache"))
    training = TrainingConfig.model_validate(
        {
            "dataset": {"name": "digits", "image_size": 8},
            "network": {"name": "mlp", "width": 8},
            "loss": "least_squares",
            "objective": {"extractor": "autoencoder", "num_samples": 100, "split": "held_out"},
        }
    )
    folder = RunFolder(str(tmp_path / "run"))
    record = prepare_objective(training, few_digits, folder)
    assert folder.read_objective() == record
    assert folder.storage.list_names("objective") == ["autoencoder.safetensors", "objective.json", "real_stats.npz"]
    assert (record.class_names, record.real_class_shares, record.extractor_accuracy) == (None, None, None)
    assert record.reconstruction_error is not None
    assert (record.key.split, record.key.num_real, record.num_train_images) == ("held_out", 30, 270)
    assert (
        record.key.label() == f"FD[autoencoder@{record.key.weights_hash},bottleneck,d=64]/N=100v30:held_out/uint8-8px"
    )
    objective = load_objective(folder.storage, record, few_digits)
    samples = images_to_stats(
        objective.extractor.network, torch.from_numpy(few_digits.images[few_digits.held_out_indices])
    )
    assert len(samples.class_counts) == 0
    value = objective.score(samples)
    assert value is not None
    assert abs(value) < 1e-4 * record.untrained_score
    features, _ = apply_network(
        objective.extractor.network, torch.from_numpy(few_digits.images[few_digits.held_out_indices])
    )
    np.testing.assert_allclose(objective.reference.mean, features.double().numpy().mean(0), rtol=1e-5, atol=1e-5)
