"""The objective of a study, made once before its trials start and kept in the run folder for all of them.

Making it trains (or finds) the extractor, takes the statistics of the whole real set, and scores an untrained
generator, from which the value follows that the searcher is told of a diverged trial.
"""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig
from gan_study.data.conversion import to_float, to_uint8
from gan_study.data.datasets import Dataset
from gan_study.errors import StorageError
from gan_study.extractors import domain_classifier
from gan_study.gan.networks import build_networks
from gan_study.metrics.frechet import (
    FrechetReference,
    frechet_floor,
    stats_to_frechet_distance,
    stats_to_reference,
)
from gan_study.metrics.samples import BATCH_SIZE, SampleStats, merge_samples
from gan_study.metrics.statistics import FeatureStats, features_to_stats
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import ObjectiveRecord, ScoreKey
from gan_study.runs.storage import Storage

_WEIGHTS = "objective/domain_classifier.safetensors"
_REAL_STATS = "objective/real_stats.npz"


@dataclass(frozen=True, eq=False)
class Objective:
    """Scores generated images. One per process is enough: it holds no state of a trial."""

    record: ObjectiveRecord
    classifier: nn.Module
    reference: FrechetReference

    @property
    def num_samples(self) -> int:
        """Generated images per score."""
        return self.record.key.num_generated

    def observe(self, images_uint8: Tensor) -> SampleStats:
        """Images NCHW uint8 in [0, 255] => their statistics."""
        return _observe(self.classifier, images_uint8)

    def score(self, samples: SampleStats) -> float | None:
        """The Frechet distance to the whole real set, lower is better; None if features are not finite."""
        distance = stats_to_frechet_distance(samples.features, self.reference)
        return distance.value if distance is not None else None

    def to(self, device: torch.device) -> "Objective":
        """The same objective with its extractor on `device`."""
        return Objective(self.record, self.classifier.to(device), self.reference)


def prepare_objective(training: TrainingConfig, dataset: Dataset, folder: RunFolder) -> ObjectiveRecord:
    """Make the objective of a study and write it into the run folder; return at once if it is there.

    `training` is the first arm's first trial: its untrained generator gives the score before learning.
    """
    existing = folder.read_objective()
    if existing is not None:
        return existing
    trained = domain_classifier.obtain(dataset)
    classifier = domain_classifier.restore(trained.weights, dataset)
    real = _observe(classifier, torch.from_numpy(dataset.images))
    key = ScoreKey(
        metric=training.objective.metric,
        extractor=training.objective.extractor,
        weights_hash=trained.weights_hash,
        layer="hidden",
        dims=domain_classifier.FEATURE_DIMS,
        num_generated=training.objective.num_samples,
        num_real=real.features.num,
        split="all",
        preprocessing=f"uint8-{dataset.image_size}px",
        dataset=dataset.identity,
    )
    reference = stats_to_reference(real.features)
    untrained = stats_to_frechet_distance(_untrained_samples(training, dataset, classifier).features, reference)
    assert untrained is not None, "an untrained generator's features are finite"
    record = ObjectiveRecord(
        key=key,
        floor=frechet_floor(real.features.covariance(), key.num_generated, key.num_real),
        untrained_score=untrained.value,
        failure_score=2 * untrained.value,
        extractor_accuracy=trained.accuracy,
        class_names=dataset.class_names,
        real_class_shares=real.class_shares,
    )
    folder.storage.write_bytes(_WEIGHTS, trained.weights)
    folder.storage.write_bytes(_REAL_STATS, _pack(real.features))
    folder.write_objective(record)
    return record


def load_objective(storage: Storage, record: ObjectiveRecord, dataset: Dataset) -> Objective:
    """The objective from a run folder. Raises StorageError if its files are gone or do not belong to `record`."""
    weights = _read(storage, _WEIGHTS)
    weights_hash = hashlib.sha256(weights).hexdigest()[:8]
    if (weights_hash, dataset.identity) != (record.key.weights_hash, record.key.dataset):
        raise StorageError(
            f"{storage.location}: the objective must be that of {record.key.weights_hash} on {record.key.dataset}, "
            f"but got {weights_hash} on {dataset.identity}; use the same data, or start a new run folder"
        )
    reference = stats_to_reference(_unpack(_read(storage, _REAL_STATS)))
    return Objective(record, domain_classifier.restore(weights, dataset), reference)


def _read(storage: Storage, name: str) -> bytes:
    try:
        return storage.read_bytes(name)
    except FileNotFoundError:
        raise StorageError(
            f"{storage.location}/{name}: a file of the objective must be beside its objective.json, but is gone; "
            "copy it back, or start a new run folder"
        ) from None


def _observe(classifier: nn.Module, images_uint8: Tensor) -> SampleStats:
    parts = []
    for chunk in images_uint8.split(BATCH_SIZE):
        with torch.no_grad():
            features, logits = classifier(to_float(chunk))
        counts = torch.bincount(logits.argmax(1), minlength=logits.shape[1]).cpu().numpy()
        parts.append(SampleStats(features_to_stats(features.cpu().numpy()), counts))
    return merge_samples(parts)


def _untrained_samples(training: TrainingConfig, dataset: Dataset, classifier: nn.Module) -> SampleStats:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(training.seed)
        generator, _ = build_networks(training.network, dataset.image_size, dataset.num_channels, training.z_dim)
        generator.eval()
        z = torch.randn(training.objective.num_samples, training.z_dim)
        return merge_samples(_observe(classifier, to_uint8(generator(part))) for part in z.split(BATCH_SIZE))


def _pack(stats: FeatureStats) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, num=stats.num, mean=stats.mean, m2=stats.m2)
    return buffer.getvalue()


def _unpack(content: bytes) -> FeatureStats:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return FeatureStats(num=int(arrays["num"]), mean=arrays["mean"], m2=arrays["m2"])
