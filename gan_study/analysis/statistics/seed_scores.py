"""Scores of several seeds of one configuration, and the uncertainty of their mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads its parts when they are used
from numpy.typing import NDArray

from gan_study.analysis.statistics.estimate import CONFIDENCE, Estimate

MIN_SEEDS_FOR_INTERVAL = 5
"""With fewer seeds, a bootstrap interval is far too narrow. Raw scores and their range are shown instead."""
NUM_RESAMPLES = 50_000  # as rliable


@dataclass(frozen=True)
class SeedScores:
    """Scores of seeds (lower is better). Mean and interquartile mean are None below five seeds in a stratum."""

    strata: tuple[tuple[float, ...], ...]
    """The raw scores, with one stratum for each configuration that was repeated with several seeds."""
    mean: Estimate | None
    """Mean over all seeds."""
    interquartile_mean: Estimate | None
    """Mean of the middle half of all seeds. The lowest and the highest quarter, rounded down, are left out."""

    @property
    def num(self) -> int:
        """Seeds in all strata together."""
        return sum(len(stratum) for stratum in self.strata)


def describe_seeds(*strata: Sequence[float]) -> SeedScores:
    """Describe the scores of one or more strata (each with at least one score, all finite).

    The intervals are those of a percentile bootstrap that resamples each stratum separately, with a fixed seed. The
    interquartile mean is over all strata together (Agarwal et al. 2021, section 4, as in the library rliable). The
    intervals are too narrow for few seeds: those of five normal scores cover the mean in 85 % of cases, of ten in 91 %.
    """
    raw = tuple(tuple(float(score) for score in stratum) for stratum in strata)
    if min(len(stratum) for stratum in raw) < MIN_SEEDS_FOR_INTERVAL:
        return SeedScores(raw, None, None)
    return SeedScores(raw, _bootstrapped(raw, np.mean), _bootstrapped(raw, _interquartile_mean))


def _bootstrapped(strata: Sequence[Sequence[float]], aggregate: Callable[..., Any]) -> Estimate:
    def pooled(*drawn: NDArray[np.float64], axis: int) -> Any:
        return aggregate(np.concatenate(drawn, axis=axis), axis=axis)

    samples = [np.asarray(stratum) for stratum in strata]
    found = scipy.stats.bootstrap(
        samples,
        pooled,
        n_resamples=NUM_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=True,
        random_state=0,
    ).confidence_interval
    return Estimate(float(pooled(*samples, axis=-1)), float(found.low), float(found.high))


def _interquartile_mean(values: NDArray[np.float64], axis: int) -> Any:
    return scipy.stats.trim_mean(values, 0.25, axis=axis)
