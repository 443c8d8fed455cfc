"""The coverage of a trained generator, measured at the trial's end if coverage is an objective of the search."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gan_study.config.training import TrainingConfig, TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.evaluation.kept_values import kept_value
from gan_study.extractors import real_features
from gan_study.extractors.objective import Objective
from gan_study.metrics.prdc import ball_radii, expected_coverage, features_to_coverage
from gan_study.runs.records.measurements import CoverageRecord
from gan_study.training.distributed import Workers
from gan_study.training.measures.generated import use_generated
from gan_study.training.measures.scores import MeasureCoverage
from gan_study.training.randomness import Stream, draw_latents

COVERAGE_K = 5
"""Nearest neighbours that set the radius of a real image's ball: the default of Naeem et al. 2020."""
_Features = NDArray[np.float32]


def coverage_measure(
    config: TrialConfig, dataset: Dataset, objective: Objective, workers: Workers
) -> MeasureCoverage | None:
    """Return the function that the loop calls at the trial's end; None if the trial does not ask for its coverage.

    It compares as many generated images as are scored, but at most as many as there are training images, with equally
    many random training images, in the features of the score. No evaluation has used the same latents. The seconds
    count towards no budget.
    """
    if not config.measure_coverage:
        return None
    return partial(_measure, training=config.training, dataset=dataset, objective=objective, workers=workers)


def _measure(
    g_ema: nn.Module, training: TrainingConfig, dataset: Dataset, objective: Objective, workers: Workers
) -> CoverageRecord | None:
    num = min(objective.num_samples, len(dataset.train_indices))
    key = objective.record.key.model_copy(
        update={"metric": "coverage", "num_generated": num, "num_real": num, "split": "train"}
    )
    balls = workers.on_first_rank(lambda: kept_value("coverage", key, lambda: _real_balls(dataset, objective, num)))
    z = draw_latents(training, num, Stream.COVERAGE)
    blocks = use_generated(g_ema, z, objective, workers, lambda block: block.features.cpu().numpy())
    if blocks is None:
        return None

    def compare() -> CoverageRecord:
        assert balls is not None, "computed on this rank"
        return CoverageRecord(
            value=features_to_coverage(np.concatenate(blocks), *balls),
            expected=expected_coverage(num, num, COVERAGE_K),
            k=COVERAGE_K,
            key=key,
        )

    return workers.from_first_rank(compare)


def _real_balls(dataset: Dataset, objective: Objective, num: int) -> tuple[_Features, _Features]:
    """The features (num, d) of random training images and the radii (num,) of their balls."""
    chosen = np.random.default_rng(0).choice(dataset.train_indices, num, replace=False)
    features, _ = real_features.load_or_compute_features(objective.extractor, dataset, np.sort(chosen))
    return features, ball_radii(features, COVERAGE_K)
