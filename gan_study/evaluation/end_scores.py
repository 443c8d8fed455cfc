"""The final scores of a confirmed trial, which cost too much for every evaluation: all metrics, on fresh latents.

A trial costs `objective.final_draws` evaluations and a search for neighbours among at most 10,000 images. The real
images cost at most two more evaluations in each process.
"""

import time
from dataclasses import asdict
from statistics import fmean, stdev

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gan_study.config.training import TrainingConfig
from gan_study.data.datasets import Dataset
from gan_study.evaluation.batch_features import batches_to_features, generator_to_features
from gan_study.evaluation.kept_values import kept_value
from gan_study.extractors import real_features
from gan_study.extractors.objective import Objective
from gan_study.metrics.all_scores import MOST_NEIGHBOURS, AllScores, NeighbourScores, Side, sides_to_scores
from gan_study.metrics.samples import batch_size
from gan_study.metrics.statistics import features_to_stats
from gan_study.runs.counted_generator import counted_snapshot
from gan_study.runs.records.final_scores import (
    FinalScores,
    InfinityRecord,
    KernelRecord,
    NeighbourRecord,
    ScoreWithReal,
)
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.output.snapshot import load_generator
from gan_study.training.randomness import Stream, draw_latents


def compute_final_scores(
    trial: TrialFolder, training: TrainingConfig, dataset: Dataset, objective: Objective
) -> FinalScores | None:
    """Compute every score of the snapshot that counts; None if an image or its features are not finite.

    `training.objective.final_draws`, at least one, is the number of draws of latents. The work is done on the device
    of `objective`.
    """
    cur_nimg = counted_snapshot(trial, training.objective.at)
    assert cur_nimg is not None, "a trial that has completed has its snapshots"
    generator = load_generator(trial.read_snapshot(cur_nimg), training, dataset.num_channels)
    real = kept_value("scores", objective.record.key, lambda: _real_side(dataset, objective))
    start = time.perf_counter()
    first, *others = (_draw(generator, training, draw, objective) for draw in range(training.objective.final_draws))
    if first is None or None in others:
        return None
    fresh = [side.gaussian for side in others if side is not None]
    scores = sides_to_scores(first, real, fresh, training.seed, objective.reference, with_control=True)
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
        neighbours=_neighbours(scores.neighbours) if scores.neighbours else None,
        inception_score=_inception_score(scores),
        missing=scores.missing,
        seconds=time.perf_counter() - start,
    )


def _draw(generator: nn.Module, training: TrainingConfig, draw: int, objective: Objective) -> Side | None:
    """Draw images from latents that no evaluation uses; None if an image or a feature is not finite.

    The features themselves are kept for the first draw only. The other draws give their Frechet distance alone.
    """
    device = next(objective.extractor.network.parameters()).device
    z = draw_latents(training, objective.num_samples, Stream.FINAL_SCORES, draw)
    found = generator_to_features(objective.extractor.network, generator.to(device), z.split(batch_size(device.type)))
    side = _side(*found) if found is not None else None
    if side is None or not np.isfinite(side.gaussian.mean).all():
        return None
    return side if draw == 0 else Side(side.gaussian)


def _real_side(dataset: Dataset, objective: Objective) -> Side:
    """Twice as many real images as are scored, or all if there are fewer: half of them serve as a control."""
    key = objective.record.key
    indices = dataset.split_indices(key.split)
    num = min(2 * min(key.num_generated, MOST_NEIGHBOURS), len(indices))
    chosen = np.random.default_rng(0).choice(indices, num, replace=False)
    if objective.record.real_class_shares is None:
        features, _ = real_features.load_or_compute_features(objective.extractor, dataset, chosen)
        return _side(features)
    # The cache does not hold probabilities, and a classifier is quick.
    images = torch.from_numpy(dataset.images[chosen])
    device = next(objective.extractor.network.parameters()).device
    return _side(*batches_to_features(objective.extractor.network, images.split(batch_size(device.type))))


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
