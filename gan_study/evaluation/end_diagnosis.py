"""The diagnosis of a trained generator, in the features of its study's objective."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import nn

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
from gan_study.runs.counted_generator import counted_snapshot
from gan_study.runs.records.diagnosis import DiagnosisRecord, Diagnostics
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.measures.generated import GeneratedBlock, use_generated
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
    trial: TrialFolder,
    config: TrialConfig,
    dataset: Dataset,
    objective: Objective,
    workers: Workers,
    cur_nimg: int | None = None,
) -> TrialDiagnosis:
    """Measure a snapshot and derive the verdict from it and from the trial's evaluations up to it. Collective.

    The default snapshot is the one that counts. `config.diagnosis.num_samples` images are generated, but at most as
    many as there are training images, and half as many as held-out images; with fewer than 40 nothing is measured. The
    work is done on the device of `objective`. Raises InputError if the snapshot is damaged or of another trial.
    """
    training = config.training
    counted = workers.from_first_rank(lambda: counted_snapshot(trial, training.objective.at))
    nimg = counted if cur_nimg is None else cur_nimg
    assert nimg is not None, "a trial that is diagnosed has its snapshots"
    snapshot, place = workers.from_first_rank(lambda: trial.read_snapshot(nimg)), trial.snapshot_location(nimg)
    generator = workers.on_every_rank(lambda: _load(snapshot, place, training, dataset).to(objective.device))
    num = min(config.diagnosis.num_samples, len(dataset.train_indices), len(dataset.held_out_indices) // 2)
    real = workers.on_first_rank(lambda: _real_images(dataset, objective, num))
    start = time.perf_counter()
    z = draw_latents(training, num, Stream.DIAGNOSIS)
    blocks = use_generated(generator, z, objective, workers, GeneratedBlock.on_cpu, with_images=True)

    def judge() -> TrialDiagnosis:
        diagnostics, neighbours, distances = _measure(blocks, real, num)
        weights = {name: value.float().cpu().numpy() for name, value in generator.named_parameters()}
        diagnostics = diagnostics.model_copy(update={"spectra": weights_to_spectra(weights)})
        status, evaluations = trial.read_status(), trial.read_evaluations()
        if nimg != counted:
            # The later training says nothing about an earlier snapshot.
            status, evaluations = None, [e for e in evaluations if e.cur_nimg <= nimg]
        evidence = trial_evidence(status, evaluations, objective.record, diagnostics, nimg)
        key = objective.record.key
        record = DiagnosisRecord(
            cur_nimg=nimg,
            extractor=f"{key.extractor}@{key.weights_hash},{key.layer},d={key.dims}",
            seconds=time.perf_counter() - start,
            verdict=evidence_to_verdict(evidence, config.diagnosis.thresholds),
            diagnostics=diagnostics,
            neighbour_distances=distances,
        )
        return TrialDiagnosis(record, neighbours)

    return workers.from_first_rank(judge)


def _load(snapshot: bytes, place: str, training: TrainingConfig, dataset: Dataset) -> nn.Module:
    try:
        return load_generator(snapshot, training, dataset.num_channels)
    except (RuntimeError, SafetensorError) as error:
        raise snapshot_error(place, error) from error


def _real_images(dataset: Dataset, objective: Objective, num: int) -> _Real | None:
    """Return the real images that this process compares with; None if too few images would be measured."""
    if num < LEAST_MEASURED:
        return None
    key = objective.record.key, num
    return kept_value("diagnosis", key, lambda: prepare_real_images(dataset, objective, num))


def _measure(
    blocks: Sequence[GeneratedBlock] | None, real: _Real | None, num: int
) -> tuple[Diagnostics, bytes | None, tuple[float, ...]]:
    """Return the measures of `num` generated images, and the picture and the distances of `draw_neighbours`.

    blocks: the images; None if one is not finite.
    """
    if blocks is None or real is None:
        return Diagnostics(num=num, num_train=0, non_finite=("images",) if blocks is None else ()), None, ()
    generated = _join_blocks(blocks)
    diagnostics, found = measure_images_and_neighbours(generated, real.reference)
    return (diagnostics, *(draw_neighbours(generated, real, found) if found is not None else (None, ())))


def _join_blocks(blocks: Sequence[GeneratedBlock]) -> ImageSet:
    images = [block.images.numpy() for block in blocks if block.images is not None]
    classes = [block.classes for block in blocks if block.classes is not None]
    features = np.concatenate([block.features.numpy() for block in blocks])
    return ImageSet(features, np.concatenate(images), np.concatenate(classes) if classes else None)


def prepare_real_images(dataset: Dataset, objective: Objective, num: int) -> _Real:
    """The real images, and their features, that `num` generated images are measured against.

    Each machine computes the features once.
    """
    random = np.random.default_rng(0)
    num_train = min(MOST_TRAIN, len(dataset.train_indices))
    train_indices = random.choice(dataset.train_indices, num_train, replace=False)
    held_out_indices = random.choice(dataset.held_out_indices, 2 * num, replace=False)
    train, held_out = (
        ImageSet(features, dataset.images[part], classes)
        for part in (train_indices, held_out_indices)
        for features, classes in (real_features.load_or_compute_features(objective.extractor, dataset, part),)
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
