"""The predicted score along the range of one hyperparameter, averaged over the other values that were tried."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gan_study.analysis.effects.surrogate import Configuration, Surrogate, interval
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, UniformRange

_NUM_PLACES = 11
"""Places along a range of numbers."""
_MOST_DECADES = 3
"""No score is predicted to be lower than the lowest known one by more factors of ten than this."""
_MOST_OTHERS = 12
"""Most configurations over which a prediction is averaged."""


@dataclass(frozen=True)
class PartialDependence:
    """Median predictions (Friedman 2001, section 8.2) with their 95 % band, at most the failure score."""

    name: str
    """The hyperparameter; with its condition if it has several ranges."""
    values: tuple[Scalar, ...]
    """Places along its range, or the values of its choice."""
    scores: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    tried: tuple[Scalar, ...]
    """Values of the trials from which this was learned."""
    tried_scores: tuple[float, ...]
    """Scores of these trials."""


def partial_dependence(surrogate: Surrogate, parameter: Parameter) -> PartialDependence | None:
    """The predictions along one range; None if a choice has a single value, or if no trial has the hyperparameter."""
    samples = surrogate.samples
    having = [
        (t.config.searched, score)
        for t, score in zip(samples.trials, samples.scores, strict=True)
        if parameter.name in t.config.searched and parameter.is_active({**samples.arm.fixed, **t.config.searched})
    ]
    values = _places(parameter)
    if not having or len(values) < 2:
        return None
    others = [having[i][0] for i in np.unique(np.linspace(0, len(having) - 1, _MOST_OTHERS).round().astype(int))]
    configurations: Sequence[Configuration] = [{**other, parameter.name: v} for v in values for other in others]
    rows = np.kron(np.eye(len(values)), np.full((1, len(others)), 1 / len(others)))
    drawn = surrogate.draw(configurations, rows)
    drawn = np.minimum(drawn, np.log(samples.worst) if samples.is_log else samples.worst)
    if samples.is_log:
        drawn = np.exp(np.maximum(drawn, np.log(min(samples.scores)) - _MOST_DECADES * np.log(10)))
    bands = [interval(column) for column in drawn.T]
    return PartialDependence(
        parameter.label,
        values,
        tuple(float(score) for score in np.median(drawn, axis=0)),
        tuple(band.low for band in bands),
        tuple(band.high for band in bands),
        tuple(searched[parameter.name] for searched, _ in having),
        tuple(score for _, score in having),
    )


def _places(parameter: Parameter) -> tuple[Scalar, ...]:
    match parameter.range:
        case Choice(choice=values):
            return values
        case LogUniformRange(log_uniform=(low, high)):
            return tuple(float(v) for v in np.geomspace(low, high, _NUM_PLACES))
        case UniformRange(uniform=(low, high)):
            return tuple(float(v) for v in np.linspace(low, high, _NUM_PLACES))
        case IntegerRange(integer=(first, last)):
            return tuple(dict.fromkeys(round(v) for v in np.linspace(first, last, _NUM_PLACES)))
