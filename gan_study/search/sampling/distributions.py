"""Search ranges in Optuna's terms."""

from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, SearchRange, UniformRange


def distribution(search_range: SearchRange) -> BaseDistribution:
    """Return the Optuna distribution of a search range."""
    match search_range:
        case UniformRange(uniform=(low, high)):
            return FloatDistribution(low, high)
        case LogUniformRange(log_uniform=(low, high)):
            return FloatDistribution(low, high, log=True)
        case IntegerRange(integer=(first, last)):
            return IntDistribution(first, last)
        case Choice(choice=values):
            return CategoricalDistribution(values)


def suggest(trial: optuna.Trial, parameter: Parameter) -> Scalar:
    """Return the trial's value of a parameter, drawn if it has none yet."""
    label = parameter.label
    match parameter.range:
        case UniformRange(uniform=(low, high)):
            return trial.suggest_float(label, low, high)
        case LogUniformRange(log_uniform=(low, high)):
            return trial.suggest_float(label, low, high, log=True)
        case IntegerRange(integer=(first, last)):
            return trial.suggest_int(label, first, last)
        case Choice(choice=values):
            chosen: Any = trial.suggest_categorical(label, values)  # Optuna's annotation is wider
            value: Scalar = chosen
            return value


def at_share(search_range: BaseDistribution, share: float) -> Any:
    """Return the value at a share in [0, 1) of a range, or of its choices in order."""
    match search_range:
        case FloatDistribution(low=low, high=high, log=True):
            return min(high, low * (high / low) ** share)
        case FloatDistribution(low=low, high=high):
            return low + share * (high - low)
        case IntDistribution(low=first, high=last):
            return first + int(share * (last - first + 1))
        case CategoricalDistribution(choices=values):
            return values[int(share * len(values))]
        case _:
            raise AssertionError("no range of a study has another distribution")
