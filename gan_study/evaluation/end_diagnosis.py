"""The diagnosis of a trained generator, in the features of its study's objective."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.diagnosis.diagnose import (
    LEAST_MEASURED,
    FoundNeighbours,
    ImageSet,
    RealReference,
    measure_images_and_neighbours,
    prepare_reference,
)
from gan_study.diagnosis.evidence import trial_evidence
from gan_study.diagnosis.measures.modes import confusion_matrix, stacked_confusion
from gan_study.diagnosis.measures.spectra import weights_to_spectra
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.evaluation.kept_values import kept_value
from gan_study.extractors import real_features
from gan_study.extractors.objective import Objective
from gan_study.extractors.real_features import ClassNumbers, image_features
from gan_study.gan.generation import generate_uint8
from gan_study.metrics.samples import BATCH_SIZE
from gan_study.metrics.statistics import Features
from gan_study.runs.counted_generator import counted_snapshot
from gan_study.runs.records.diagnosis import DiagnosisRecord, Diagnostics
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.output.sample_grid import grid_png
from gan_study.training.output.snapshot import load_generator, snapshot_error
from gan_study.training.randomness import Stream, draw_latents

MOST_TRAIN = 60_000
"""Most training images that are searched for neighbours and copies. Copies of other ones are missed: with a
quarter of the training images, a tenth of the output that is copied looks like a fortieth."""
_NUM_SHOWN = 16
"""Generated images in the picture of nearest training images: those closest to a training image."""


@dataclass(frozen=True)
class TrialDiagnosis:
    """The result of a diagnosis."""

    record: DiagnosisRecord
    neighbours_png: bytes | None
    """A picture of generated images, the closest to a training image first, each above its nearest training image; None
    if nothing was measured."""

    def write(self, trial: TrialFolder) -> None:
        """Write the result into the trial's folder."""
        trial.write_diagnosis(self.record)
        if self.neighbours_png is not None:
            trial.write_neighbours(self.neighbours_png)


@dataclass(frozen=True, eq=False)
class _Real:
    """The real images that all generators of a study are compared with."""

    train: ImageSet
    reference: RealReference


def diagnose_trial(
    trial: TrialFolder, config: TrialConfig, dataset: Dataset, objective: Objective, cur_nimg: int | None = None
) -> TrialDiagnosis:
    """Measure a snapshot and derive the verdict from it and from the trial's evaluations up to it.

    The default snapshot is the one that counts. `config.diagnosis.num_samples` images are generated, but at most as
    many as there are training images, and half as many as held-out images; with fewer than 40 nothing is measured. The
    work is done on the device of `objective`. Raises InputError if the snapshot is damaged or of another trial.
    """
    counted = counted_snapshot(trial, config.training.objective.at)
    cur_nimg = counted if cur_nimg is None else cur_nimg
    assert cur_nimg is not None, "a trial that is diagnosed has its snapshots"
    generator = _load(trial, cur_nimg, config.training, dataset.num_channels)
    num = min(config.diagnosis.num_samples, len(dataset.train_indices), len(dataset.held_out_indices) // 2)
    real: _Real | None = None
    if num >= LEAST_MEASURED:
        real = kept_value(
            "diagnosis", (objective.record.key, num), lambda: prepare_real_images(dataset, objective, num)
        )
    start = time.perf_counter()
    images = generate_images(generator, config.training, num, objective)
    neighbours: bytes | None = None
    distances: tuple[float, ...] = ()
    if images is None or real is None:
        diagnostics = Diagnostics(num=num, num_train=0, non_finite=("images",) if images is None else ())
    else:
        generated = _image_set(images.numpy(), image_features(objective.extractor, images.numpy()))
        diagnostics, found = measure_images_and_neighbours(generated, real.reference)
        if found is not None:
            neighbours, distances = draw_neighbours(generated, real, found)
    weights = {name: value.float().cpu().numpy() for name, value in generator.named_parameters()}
    diagnostics = diagnostics.model_copy(update={"spectra": weights_to_spectra(weights)})
    status, evaluations = trial.read_status(), trial.read_evaluations()
    if cur_nimg != counted:
        # The later training says nothing about an earlier snapshot.
        status, evaluations = None, [e for e in evaluations if e.cur_nimg <= cur_nimg]
    evidence = trial_evidence(status, evaluations, objective.record, diagnostics, cur_nimg)
    key = objective.record.key
    record = DiagnosisRecord(
        cur_nimg=cur_nimg,
        extractor=f"{key.extractor}@{key.weights_hash},{key.layer},d={key.dims}",
        seconds=time.perf_counter() - start,
        verdict=evidence_to_verdict(evidence, config.diagnosis.thresholds),
        diagnostics=diagnostics,
        neighbour_distances=distances,
    )
    return TrialDiagnosis(record, neighbours)


def _load(trial: TrialFolder, cur_nimg: int, training: TrainingConfig, num_channels: int) -> nn.Module:
    try:
        return load_generator(trial.read_snapshot(cur_nimg), training, num_channels)
    except (RuntimeError, SafetensorError) as error:
        raise snapshot_error(trial.snapshot_location(cur_nimg), error) from error


def generate_images(generator: nn.Module, training: TrainingConfig, num: int, objective: Objective) -> Tensor | None:
    """`num` images NCHW uint8 on the CPU, from latents that no evaluation uses; None if a pixel is not finite."""
    device = next(objective.extractor.network.parameters()).device
    latents = draw_latents(training, num, Stream.DIAGNOSIS).split(BATCH_SIZE)
    parts = []
    for images, are_finite in generate_uint8(generator.to(device), latents):
        if not are_finite:
            return None
        parts.append(images.cpu())
    return torch.cat(parts)


def _image_set(images: NDArray[np.uint8], seen: tuple[Features, ClassNumbers | None]) -> ImageSet:
    """The images NCHW with their features and, if the extractor is a classifier, their predicted classes."""
    return ImageSet(seen[0], images, seen[1])


def prepare_real_images(dataset: Dataset, objective: Objective, num: int) -> _Real:
    """The real images, and their features, that `num` generated images are measured against.

    Each machine computes the features once.
    """
    random = np.random.default_rng(0)
    num_train = min(MOST_TRAIN, len(dataset.train_indices))
    train_indices = random.choice(dataset.train_indices, num_train, replace=False)
    held_out_indices = random.choice(dataset.held_out_indices, 2 * num, replace=False)
    train, held_out = (
        _image_set(dataset.images[part], real_features.load_or_compute_features(objective.extractor, dataset, part))
        for part in (train_indices, held_out_indices)
    )
    shares = objective.record.real_class_shares
    reference = prepare_reference(
        train,
        held_out,
        num,
        real_shares=np.array(shares) if shares is not None else None,
        confusion=_confusion(dataset, held_out_indices, held_out),
    )
    return _Real(train, reference)


def _confusion(dataset: Dataset, indices: NDArray[np.int64], seen: ImageSet) -> NDArray[np.float64] | None:
    """The classifier's confusion matrix on held-out images; None without a classifier or without class labels."""
    if dataset.labels is None or dataset.class_names is None or seen.labels is None:
        return None
    true, said = dataset.labels[indices], seen.labels
    if dataset.name != "stacked_mnist":
        return confusion_matrix(true, said, len(dataset.class_names))
    true_digits, said_digits = (np.concatenate([x // 100, x // 10 % 10, x % 10]) for x in (true, said))
    return stacked_confusion(confusion_matrix(true_digits, said_digits, 10))


def draw_neighbours(generated: ImageSet, real: _Real, found: FoundNeighbours) -> tuple[bytes, tuple[float, ...]]:
    """Return a PNG of generated images, the closest to a training image first, each above its nearest training image.

    The second value holds their distances, divided by the median distance of held-out images.
    """
    assert generated.images is not None, "made from images"
    assert real.train.images is not None, "made from images"
    to_nearest, nearest = found.neighbours.distances[:, 0], found.neighbours.indices[:, 0]
    # Images at equal distances keep the order in which they were generated.
    closest = np.lexsort((found.rows, to_nearest))[:_NUM_SHOWN]
    rows = np.concatenate([generated.images[found.rows[closest]], real.train.images[nearest[closest]]])
    usual = float(np.median(real.reference.copies.test_distances))
    distances = to_nearest[closest] / usual if usual > 0 else np.empty(0)
    return grid_png(torch.from_numpy(rows), len(closest)), tuple(distances.tolist())
