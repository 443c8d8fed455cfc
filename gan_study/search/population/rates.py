"""The rates with which a copy continues: its parent's, with the searched ones changed or drawn anew."""

import math
import random
from collections.abc import Callable, Sequence

from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.population import SCHEDULED, PbtConfig
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, UniformRange, extremes
from gan_study.config.training import TrainingConfig


def current_rates(training: TrainingConfig) -> dict[str, float]:
    """Return the learning rates and decay rates at a training's end: its last schedule entry's, or else its own."""
    holder = training.schedule[-1] if training.schedule else training
    return {name: getattr(holder, name) for name in SCHEDULED if name != "lr"}


def changed_rates(
    rates: dict[str, float],
    parameters: Sequence[Parameter],
    settings: PbtConfig,
    random_numbers: Callable[[str], random.Random],
) -> dict[str, float]:
    """Return `rates` with those of the searched `parameters` changed; `lr` changes both learning rates alike.

    random_numbers: gives each parameter, by its name, its own stream.
    """
    changed = dict(rates)
    for parameter in parameters:
        name = parameter.name
        value = _change_rate(parameter, changed["g_lr" if name == "lr" else name], settings, random_numbers(name))
        changed.update({"g_lr": value, "d_lr": value} if name == "lr" else {name: value})
    return changed


def _change_rate(parameter: Parameter, value: float, settings: PbtConfig, draw: random.Random) -> float:
    if draw.random() < settings.resample_probability:
        return _draw_rate(parameter, draw)
    factor = draw.choice(settings.factors)
    if isinstance(parameter.range, Choice):
        return _neighbour(parameter.range, value, up=(factor > 1) != parameter.name.startswith("beta"))
    low, high = map(float, extremes(parameter.range))
    # A decay rate is changed by its distance from 1: 0.9 averages over about 10 steps, 0.99 over about 100.
    changed = 1 - (1 - value) * factor if parameter.name.startswith("beta") else value * factor
    return min(max(changed, low), high)


def _draw_rate(parameter: Parameter, draw: random.Random) -> float:
    match parameter.range:
        case UniformRange(uniform=(low, high)):
            return draw.uniform(low, high)
        case LogUniformRange(log_uniform=(low, high)):
            return min(max(math.exp(draw.uniform(math.log(low), math.log(high))), low), high)
        case IntegerRange(integer=(first, last)):
            return float(draw.randint(first, last))
        case Choice(choice=values):
            return _number(draw.choice(values))


def _neighbour(choice: Choice, value: float, up: bool) -> float:
    """Return the next value of the choice above or below `value`, or the last one in that direction."""
    values = sorted(map(_number, choice.choice))
    beyond = [v for v in values if (v > value if up else v < value)]
    return (min(beyond) if up else max(beyond)) if beyond else (values[-1] if up else values[0])


def _number(value: Scalar) -> float:
    assert not isinstance(value, str), "the study's reader accepts only numbers for rates"
    return float(value)
