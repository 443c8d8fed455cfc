"""Predictions of an arm's score for configurations that were never trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gan_study.analysis.search_samples import SearchSamples
from gan_study.analysis.statistics.estimate import CONFIDENCE, Estimate
from gan_study.analysis.statistics.gaussian_process import Floats, GaussianProcess
from gan_study.config.base import Scalar

Configuration = Mapping[str, Scalar]
"""Searched values by dotted name."""


@dataclass(frozen=True)
class Surrogate:
    """A Gaussian process of an arm's scores, learned from its search trials and its confirmed seeds.

    Seeds are replicates of one configuration, so they tell how much of the scores is luck.
    """

    samples: SearchSamples
    process: GaussianProcess

    def draw(self, configurations: Sequence[Configuration], weights: Floats) -> Floats:
        """Samples of weighted sums of predicted scores, on the scale of `SearchSamples.values`.

        weights: shape (sums, configurations). Returns shape (samples, sums).
        """
        points = np.array([self.samples.point(each) for each in configurations])
        return self.process.samples(points, weights)

    def predict(self, configurations: Sequence[Configuration]) -> Floats:
        """The mean prediction of each configuration, on the scale of `SearchSamples.values`."""
        found: Floats = self.draw(configurations, np.eye(len(configurations))).mean(axis=0)
        return found


def make_surrogate(samples: SearchSamples, configuration: Configuration, seed_scores: Sequence[float]) -> Surrogate:
    """Learn from search trials, and from seeds of one configuration after as many images; there may be none.

    Seeds whose score has no logarithm are left out where logarithms are compared.
    """
    kept = [score for score in seed_scores if score > 0 or not samples.is_log]
    further = np.log(kept) if samples.is_log else np.array(kept)
    configurations = [*(trial.config.searched for trial in samples.trials), *[configuration] * len(kept)]
    points = np.array([samples.point(each) for each in configurations])
    return Surrogate(samples, GaussianProcess(points, np.concatenate([samples.values, further])))


def interval(drawn: Floats) -> Estimate:
    """The mean of samples with their 95 % interval."""
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(np.mean(drawn)), float(low), float(high))
