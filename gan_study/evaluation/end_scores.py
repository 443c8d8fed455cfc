"""The final scores of a confirmed trial, which cost too much for every evaluation: all metrics, on fresh latents.

A trial costs `objective.final_draws` evaluations and a search for neighbours among at most 10,000 images. The real
images cost at most two more evaluations in each process.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from statistics import fmean, stdev

import numpy as np
import torch
from numpy.typing import NDArray

from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset
from gan_study.evaluation.batch_features import batches_to_features
from gan_study.evaluation.kept_values import kept_value
from gan_study.extractors import real_features
from gan_study.extractors.objective import Objective
from gan_study.gan.networks.conditional import asked_classes
from gan_study.metrics.all_scores import MOST_NEIGHBOURS, AllScores, NeighbourScores, Side, sides_to_scores
from gan_study.metrics.class_scores import class_accuracies, class_distances
from gan_study.metrics.samples import batch_size
from gan_study.metrics.statistics import features_to_stats
from gan_study.runs.counted_generator import counted_snapshot
from gan_study.runs.records.final_scores import (
    ClassRecord,
    FinalScores,
    InfinityRecord,
    KernelRecord,
    NeighbourRecord,
    ScoreWithReal,
)
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.measures.generated import GeneratedBlock, use_generated
from gan_study.training.output.snapshot import load_generator
from gan_study.training.randomness import Stream, draw_latents


def compute_final_scores(
    trial: TrialFolder, training: TrainingConfig, dataset: Dataset, objective: Objective, workers: Workers
) -> FinalScores | None:
    """Compute every score of the snapshot that counts; None if an image or its features are not finite. Collective.

    `training.objective.final_draws`, at least one, is the number of draws of latents. The work is done on the device
    of `objective`.
    """

    def read_counted() -> tuple[int, bytes]:
        cur_nimg = counted_snapshot(trial, training.objective.at)
        assert cur_nimg is not None, "a trial that has completed has its snapshots"
        return cur_nimg, trial.read_snapshot(cur_nimg)

    cur_nimg, snapshot = workers.from_first_rank(read_counted)
    generator = workers.on_every_rank(
        lambda: load_generator(snapshot, training, dataset.num_channels).to(objective.device)
    )
    real = workers.on_first_rank(
        lambda: kept_value("scores", objective.record.key, lambda: _real_side(dataset, objective))
    )
    start = time.perf_counter()
    sides, asked = [], None
    for draw in range(training.objective.final_draws):
        z = draw_latents(training, objective.num_samples, Stream.FINAL_SCORES, draw)
        asked = asked_classes(generator, z) if draw == 0 else asked
        blocks = use_generated(generator, z, objective, workers, GeneratedBlock.on_cpu)
        if blocks is None:
            return None
        sides.append(workers.on_first_rank(partial(_blocks_to_side, blocks, draw)))

    def compare() -> FinalScores | None:
        assert real is not None, "computed on this rank"
        first, *others = sides
        if first is None or None in others:
            return None
        fresh = [side.gaussian for side in others if side is not None]
        scores = sides_to_scores(first, real, fresh, training.seed, objective.reference, with_control=True)
        by_class: tuple[ClassRecord, ...] = ()
        if asked is not None and dataset.labels is not None and dataset.class_names is not None:
            labels = dataset.labels[_real_indices(dataset, objective)]
            by_class = _by_class(first, asked.cpu().numpy(), real, labels, dataset.class_names, training.seed)
        return _to_record(cur_nimg, scores, by_class, real, objective, time.perf_counter() - start)

    return workers.from_first_rank(compare)


def _blocks_to_side(blocks: Sequence[GeneratedBlock], draw: int) -> Side | None:
    """Join the images of a draw; None if a feature is not finite.

    The features themselves are kept for the first draw only. The other draws give their Frechet distance alone.
    """
    logits = [block.logits.softmax(1).numpy() for block in blocks if block.logits is not None]
    features = np.concatenate([block.features.numpy() for block in blocks])
    side = _side(features, np.concatenate(logits) if logits else None)
    if not np.isfinite(side.gaussian.mean).all():
        return None
    return side if draw == 0 else Side(side.gaussian)


def _to_record(
    cur_nimg: int,
    scores: AllScores,
    by_class: tuple[ClassRecord, ...],
    real: Side,
    objective: Objective,
    seconds: float,
) -> FinalScores:
    values = scores.draws or (scores.frechet_distance,)
    return FinalScores(
        cur_nimg=cur_nimg,
        key=objective.record.key,
        draws=values,
        mean=fmean(values),
        std=stdev(values) if len(values) > 1 else None,
        floor=objective.record.floor,
        floor_is_rough=scores.floor_is_rough,
        num_real=real.gaussian.num or 0,
        infinity=_infinity(scores),
        kernel=KernelRecord(**asdict(scores.kernel)) if scores.kernel else None,
        mind=ScoreWithReal(value=scores.mind.value, real=scores.mind.real) if scores.mind else None,
        neighbours=_neighbours(scores.neighbours) if scores.neighbours else None,
        inception_score=_inception_score(scores),
        classes=by_class,
        class_accuracy=_class_accuracy(by_class, objective.record.extractor_accuracy),
        missing=scores.missing,
        seconds=seconds,
    )


def _real_side(dataset: Dataset, objective: Objective) -> Side:
    """Twice as many real images as are scored, or all if there are fewer: half of them serve as a control."""
    chosen = _real_indices(dataset, objective)
    if objective.record.real_class_shares is None:
        features, _ = real_features.load_or_compute_features(objective.extractor, dataset, chosen)
        return _side(features)
    # The cache does not hold probabilities, and a classifier is quick.
    images = torch.from_numpy(dataset.images[chosen])
    batches = images.split(batch_size(objective.device.type))
    return _side(*batches_to_features(objective.extractor.network, batches))


def _real_indices(dataset: Dataset, objective: Objective) -> NDArray[np.int64]:
    key = objective.record.key
    indices = dataset.split_indices(key.split)
    num = min(2 * min(key.num_generated, MOST_NEIGHBOURS), len(indices))
    return np.random.default_rng(0).choice(indices, num, replace=False)


def _by_class(
    generated: Side, asked: NDArray[np.int64], real: Side, labels: NDArray[np.int64], names: Sequence[str], seed: int
) -> tuple[ClassRecord, ...]:
    """The scores of a conditional GAN's images, class by class."""
    assert generated.features is not None, "kept for the first draw"
    assert real.features is not None, "computed from images"
    distances = class_distances(generated.features, asked, real.features, labels, len(names), seed)
    accuracies: Sequence[float | None] = [None] * len(names)
    if generated.probabilities is not None:
        accuracies = class_accuracies(generated.probabilities.argmax(axis=1), asked, len(names))
    counts = np.bincount(asked, minlength=len(names)).tolist()
    return tuple(
        ClassRecord(
            name=name,
            num=num,
            frechet_distance=ScoreWithReal(value=distance.generated, real=distance.real) if distance else None,
            accuracy=accuracy,
        )
        for name, num, distance, accuracy in zip(names, counts, distances, accuracies, strict=True)
    )


def _class_accuracy(by_class: Sequence[ClassRecord], real: float | None) -> ScoreWithReal | None:
    known = [(record.num, record.accuracy) for record in by_class if record.accuracy is not None]
    if not known:
        return None
    return ScoreWithReal(value=sum(num * share for num, share in known) / sum(num for num, _ in known), real=real)


def _side(features: NDArray[np.float32], probabilities: NDArray[np.float32] | None = None) -> Side:
    return Side(features_to_stats(features).to_gaussian(), features, probabilities)


def _infinity(scores: AllScores) -> InfinityRecord | None:
    found = scores.infinity
    if found is None:
        return None
    return InfinityRecord(value=found.value, low=found.low, high=found.high, nums=(found.nums[0], found.nums[-1]))


def _neighbours(found: NeighbourScores) -> NeighbourRecord:
    names = ("precision", "recall", "density", "coverage")
    shares = {
        name: ScoreWithReal(value=getattr(found.scores, name), real=getattr(found.control, name, None))
        for name in names
    }
    vendi = ScoreWithReal(value=found.vendi.generated, real=found.vendi.real) if found.vendi else None
    return NeighbourRecord(num=found.num, vendi=vendi, **shares)


def _inception_score(scores: AllScores) -> ScoreWithReal | None:
    found = scores.classes
    if found is None:
        return None
    return ScoreWithReal(value=found.inception_score.mean, real=found.real_inception_score.mean)
