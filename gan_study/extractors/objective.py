"""The objective of a study, made once before its trials start and kept in the run folder for all of them.

This obtains the extractor, computes the statistics of the real images, and scores an untrained generator, which sets
the score that the searcher receives for a diverged trial.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gan_study.config.extractors import EXTRACTORS
from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset
from gan_study.errors import StorageError
from gan_study.extractors import real_statistics
from gan_study.extractors.extractor import Extractor, apply_network, hash_weights, images_to_features
from gan_study.extractors.loading import prepare_extractor, restore_extractor
from gan_study.extractors.progress import at_work
from gan_study.extractors.real_statistics import RealStatistics
from gan_study.gan.generation import generate_uint8
from gan_study.gan.latents import draw_inputs
from gan_study.gan.parts import networks_of
from gan_study.metrics.frechet import FrechetReference, reference_floor, stats_to_frechet_distance
from gan_study.metrics.samples import BATCH_SIZE, SampleStats, SampleSum
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord, ScoreKey
from gan_study.runs.records.score_keys import require_same_images, require_scored_as
from gan_study.runs.storage import Storage

_REAL_STATS = "objective/real_stats.npz"


@dataclass(frozen=True, eq=False)
class Objective:
    """Scores generated images. One per process is enough: it holds no state of a trial."""

    record: ObjectiveRecord
    extractor: Extractor
    reference: FrechetReference

    @property
    def num_samples(self) -> int:
        """Generated images per score."""
        return self.record.key.num_generated

    @property
    def device(self) -> torch.device:
        """The device of the extractor."""
        return next(self.extractor.network.parameters()).device

    def extract(self, images_uint8: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return features and class logits of a batch; see `extractor.apply_network`."""
        return apply_network(self.extractor.network, images_uint8)

    def score(self, samples: SampleStats) -> float | None:
        """The Frechet distance to the real images, lower is better; None if features are not finite."""
        distance = stats_to_frechet_distance(samples.features, self.reference, self.device)
        return distance.value if distance is not None else None

    def to(self, device: torch.device) -> "Objective":
        """This objective with its extractor on `device`."""
        return replace(self, extractor=self.extractor.to(device))


def prepare_objective(
    training: TrainingConfig, dataset: Dataset, folder: RunFolder, device: torch.device | None = None
) -> ObjectiveRecord:
    """Make the objective of a study and write it into the run folder, or return the existing one.

    `training` is the first arm's first trial: its untrained generator gives the score before learning. The extractor
    works on `device`, by default the CPU. Raises InputError if the extractor is not available or does not suit the data
    set, or if the existing objective belongs to other images.
    """
    existing = folder.read_objective()
    if existing is not None:
        require_scored_as(f"{folder.location}/objective", training.objective, existing.key)
        require_same_images(folder.location, existing, dataset.identity, len(dataset.train_indices))
        return existing
    with at_work(f"the extractor {training.objective.extractor}"):
        extractor = prepare_extractor(training.objective, dataset, device)
    extractor = extractor.in_precision(training.objective.precision).to(device or torch.device("cpu"))
    num_real = len(dataset.split_indices(training.objective.split))
    with at_work(f"real images through {extractor.name}", num_real):
        content = real_statistics.load_or_compute_statistics(extractor, dataset, training.objective.split)
    record = _record(training, dataset, extractor, real_statistics.unpack_statistics(content))
    if extractor.weights is not None:
        folder.storage.write_bytes(_weights_name(extractor.name), extractor.weights)
    folder.storage.write_bytes(_REAL_STATS, content)
    folder.write_objective(record)
    return record


def load_objective(storage: Storage, record: ObjectiveRecord, dataset: Dataset) -> Objective:
    """The objective from a run folder.

    Raises StorageError if its files are missing, damaged or do not belong to `record`; InputError if the data set has
    other images, or if the extractor's weights are neither there nor on this machine.
    """
    key = record.key
    weights = None if EXTRACTORS[key.extractor].is_pretrained else _read(storage, _weights_name(key.extractor))
    require_same_images(storage.location, record, dataset.identity, len(dataset.train_indices))
    if weights is not None and hash_weights(weights) != key.weights_hash:
        raise StorageError(
            f"{storage.location}/{_weights_name(key.extractor)}: the file must have the SHA-256 {key.weights_hash}..., "
            f"but got {hash_weights(weights)}..., so it is cut short or damaged, or another study's; copy it back, or "
            "start a new run folder"
        )
    extractor = restore_extractor(key, weights, dataset).in_precision(key.precision)
    return Objective(record, extractor, _read_statistics(storage).reference)


def _record(training: TrainingConfig, dataset: Dataset, extractor: Extractor, real: RealStatistics) -> ObjectiveRecord:
    num_real, device = real.reference.num, next(extractor.network.parameters()).device
    assert num_real is not None, "the images were counted"
    key = ScoreKey(
        metric="frechet_distance",
        extractor=extractor.name,
        weights_hash=extractor.weights_hash,
        layer=extractor.layer,
        dims=extractor.dims,
        num_generated=training.objective.num_samples,
        num_real=num_real,
        split=training.objective.split,
        preprocessing=extractor.preprocessing,
        dataset=dataset.identity,
        precision=extractor.precision,
    )
    with at_work(f"images of an untrained generator through {extractor.name}", training.objective.num_samples):
        seen = SampleSum(device)
        for part in _untrained_images(training, dataset):
            seen.add(*images_to_features(extractor.network, part))
    untrained = stats_to_frechet_distance(seen.result().features, real.reference, device)
    floor = reference_floor(real.reference, key.num_generated)
    assert untrained is not None, "an untrained generator's features are finite"
    assert floor is not None, "the images were counted"
    num_early = training.objective.early_num_samples
    has_classes = len(real.class_counts) > 0
    return ObjectiveRecord(
        key=key,
        floor=floor,
        early_num_samples=num_early,
        early_floor=reference_floor(real.reference, num_early) if num_early is not None else None,
        untrained_score=untrained.value,
        failure_score=2 * untrained.value,
        num_train_images=len(dataset.train_indices),
        data_warnings=dataset.warnings,
        extractor_accuracy=extractor.accuracy,
        reconstruction_error=extractor.reconstruction_error,
        dataset_classes=dataset.class_names,
        class_names=dataset.class_names if has_classes else None,
        real_class_shares=tuple((real.class_counts / real.class_counts.sum()).tolist()) if has_classes else None,
    )


def _untrained_images(training: TrainingConfig, dataset: Dataset) -> Iterator[Tensor]:
    """`objective.num_samples` images NCHW uint8 of the generator before its first step, in parts."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        generator, _ = networks_of(training, dataset.num_channels, dataset.class_shares)
        z = draw_inputs(training, training.objective.num_samples)
    generator.eval()
    yield from (images for images, _ in generate_uint8(generator, z.split(BATCH_SIZE)))


def _weights_name(extractor: str) -> str:
    return f"objective/{extractor}.safetensors"


def _read_statistics(storage: Storage) -> RealStatistics:
    content = _read(storage, _REAL_STATS)
    try:
        return real_statistics.unpack_statistics(content)
    except (ValueError, KeyError) as error:
        raise StorageError(
            f"{storage.location}/{_REAL_STATS}: a file of the objective must be whole, but is cut short or damaged; "
            f"copy it back, or start a new run folder ({error})"
        ) from error


def _read(storage: Storage, name: str) -> bytes:
    try:
        return storage.read_bytes(name)
    except FileNotFoundError:
        raise StorageError(
            f"{storage.location}/{name}: a file of the objective must be beside its objective.json, but is gone; "
            "copy it back, or start a new run folder"
        ) from None
