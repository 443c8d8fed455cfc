"""Measures of a training's evaluations over time: swings, reversals, falls, rotation."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from statistics import median

import numpy as np

from gan_study.diagnosis.evidence import Signals
from gan_study.diagnosis.measures.modes import histogram_divergence

_REVERSAL = 0.1
_LEAST_SCORES = 5
_LEAST_SHOWING_SWINGS = 4
"""Points needed for two reversals."""


def last_third(values: Sequence[float], least: int = 1) -> list[float]:
    """The last third of the values, rounded up, but at least `least` values if there are as many."""
    return list(values[-max(least, ceil(len(values) / 3)) :])


def score_swing(scores: Sequence[float]) -> float | None:
    """Highest over lowest score of the last third (at least four evaluations); None with fewer than five scores."""
    tail = _swinging_part(scores)
    return max(tail) / min(tail) if tail and min(tail) > 0 else None


def num_reversals(scores: Sequence[float]) -> int | None:
    """Changes of direction in the last third, each by more than a tenth of the value at the turn."""
    tail = _swinging_part(scores)
    if not tail:
        return None
    turns, direction, extreme = 0, 0, tail[0]
    for score in tail[1:]:
        step = int(np.sign(score - extreme))
        if step == direction:
            extreme = score
        elif abs(score - extreme) > _REVERSAL * abs(extreme):
            turns += direction != 0
            direction, extreme = step, score
    return turns


def share_of_untrained(signals: Sequence[Signals], untrained_score: float | None) -> float | None:
    """Best score of a training relative to its score before the first step; None before the first evaluation after
    that.

    `untrained_score` replaces a score before the first step that was not evaluated. (It comes from the first arm's
    network; other networks may start elsewhere.)
    """
    start = next((s.score for s in signals if s.cur_nimg == 0 and s.score is not None), untrained_score)
    trained = [s.score for s in signals if s.cur_nimg > 0 and s.score is not None]
    return min(trained) / start if trained and start is not None and start > 0 else None


def fall_of_last_quarter(signals: Sequence[Signals]) -> float | None:
    """Share by which the last score is below the best of the first three quarters of the images; None with fewer than
    three scores.

    Negative if the last score is higher, as in a curve that recovers from a rise. The number of evaluations does not
    matter. A score that falls with a power of the images, by 0.22 with each doubling, falls by 0.1 in this quarter.
    """
    scored = [(s.cur_nimg, s.score) for s in signals if s.score is not None]
    if len(scored) < 3:
        return None
    num_images, last = scored[-1]
    best = min(score for nimg, score in scored[:-1] if nimg <= 0.75 * num_images)
    return 1 - last / best if best > 0 else None


def fall_of_last_third(signals: Sequence[Signals]) -> float | None:
    """Relative fall of the score over the last third (at least three evaluations); None with fewer.

    The difference between first and last point of the regression line, over the mean. Negative if the score rises.
    """
    scored = [(s.cur_nimg, s.score) for s in signals if s.score is not None]
    if len(scored) < 3:
        return None
    tail = np.array(scored[-max(3, ceil(len(scored) / 3)) :], dtype=np.float64)
    num_images, scores = tail.T
    slope = np.polynomial.Polynomial.fit(num_images, scores, 1).convert().coef[-1]
    return float(-slope * (num_images[-1] - num_images[0]) / scores.mean()) if scores.mean() > 0 else None


def class_rotation(signals: Sequence[Signals], real_shares: Sequence[float] | None) -> float | None:
    """Change of the classes from one evaluation to the next while each is far from the real ones, in nats.

    Over the last third (at least four evaluations), the median of the least of three divergences: between consecutive
    histograms, and between each of them and the real one. None without class shares, or with fewer than five
    evaluations.
    """
    shares = [np.array(s.class_shares) for s in signals if s.class_shares is not None]
    if real_shares is None or len(shares) < _LEAST_SCORES:
        return None
    real = np.array(real_shares)
    tail = shares[-max(_LEAST_SHOWING_SWINGS, ceil(len(shares) / 3)) :]
    return median(
        min(histogram_divergence(a, b), histogram_divergence(a, real), histogram_divergence(b, real))
        for a, b in pairwise(tail)
    )


def _swinging_part(scores: Sequence[float]) -> list[float]:
    return last_third(scores, _LEAST_SHOWING_SWINGS) if len(scores) >= _LEAST_SCORES else []
