"""The scatter of trainings that differ in their seed alone: differences within it say nothing about configurations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import scipy  # loads its parts when they are used

from gan_study.analysis.statistics.estimate import CONFIDENCE

_FEWEST_SEEDS = 3
"""With fewer seeds, nearly every difference would be within the scatter."""


@dataclass(frozen=True)
class SeedNoise:
    """Scores of several seeds of one configuration. They are compared by their logarithms if all are above 0."""

    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean score; the geometric one if scores are compared by their logarithms."""
        return self._back(fmean(map(self._on_scale, self.scores)))

    @property
    def next_seed(self) -> tuple[float, float]:
        """95 % prediction interval of the score of one further seed, by Student's t."""
        centre = fmean(map(self._on_scale, self.scores))
        reach = self._reach * math.sqrt(1 + 1 / len(self.scores))
        return self._back(centre - reach), self._back(centre + reach)

    def is_within(self, a: float, b: float) -> bool:
        """Return True if the scores of two single trainings differ by no more than their seeds alone would explain."""
        if self._is_log and min(a, b) <= 0:
            return False
        return abs(self._on_scale(a) - self._on_scale(b)) <= self._reach * math.sqrt(2)

    @property
    def _is_log(self) -> bool:
        return min(self.scores) > 0

    @property
    def _reach(self) -> float:
        quantile = scipy.stats.t.ppf((1 + CONFIDENCE) / 2, len(self.scores) - 1)
        return float(quantile) * stdev(map(self._on_scale, self.scores))

    def _on_scale(self, score: float) -> float:
        return math.log(score) if self._is_log else score

    def _back(self, value: float) -> float:
        return math.exp(value) if self._is_log else value


def seed_noise(scores: Sequence[float | None]) -> SeedNoise | None:
    """The scatter of one configuration's seeds, of which those without a score are left out; None below three."""
    known = tuple(score for score in scores if score is not None)
    return SeedNoise(known) if len(known) >= _FEWEST_SEEDS else None
