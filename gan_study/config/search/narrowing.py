"""Search ranges narrowed around the best configurations that were found in them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, IntegerRange, LogUniformRange, SearchRange, UniformRange, nearest_value

_MARGIN = 0.1
"""Share of a range's width that is kept on both sides of the values: one configuration leaves a fifth of the range."""


def narrow(
    parameters: Sequence[Parameter], fixed: Mapping[str, Scalar], best: Sequence[Mapping[str, Scalar]]
) -> tuple[Parameter, ...]:
    """The parameters with ranges narrowed to the values in `best`, each a configuration by dotted name.

    Numbers keep the range from the lowest to the highest value, with a tenth of the range's width on both sides (of the
    logarithms for log_uniform; at least 1 for integer); a choice keeps the values that occur. No range becomes
    wider: a paper's value outside the range counts as the nearest one within. A range that exists in none of the
    configurations stays.
    """
    return tuple(replace(p, range=_narrow(p.range, _values(p, fixed, best))) for p in parameters)


def _values(parameter: Parameter, fixed: Mapping[str, Scalar], best: Sequence[Mapping[str, Scalar]]) -> list[Scalar]:
    having = (values for values in best if parameter.name in values and parameter.is_active({**fixed, **values}))
    return [nearest_value(parameter.range, values[parameter.name]) for values in having]


def _narrow(search_range: SearchRange, values: Sequence[Scalar]) -> SearchRange:
    numbers = [v for v in values if not isinstance(v, str)]
    if not values:
        return search_range
    match search_range:
        case Choice(choice=choice):
            return search_range.model_copy(update={"choice": tuple(v for v in choice if v in values)})
        case UniformRange(uniform=(low, high)):
            margin = _MARGIN * (high - low)
            ends = max(low, min(numbers) - margin), min(high, max(numbers) + margin)
            return search_range.model_copy(update={"uniform": ends})
        case LogUniformRange(log_uniform=(low, high)):
            factor = (high / low) ** _MARGIN
            ends = max(low, min(numbers) / factor), min(high, max(numbers) * factor)
            return search_range.model_copy(update={"log_uniform": ends})
        case IntegerRange(integer=(first, last)):
            steps = math.ceil(_MARGIN * (last - first))
            whole = [round(v) for v in numbers]
            bounds = max(first, min(whole) - steps), min(last, max(whole) + steps)
            return search_range.model_copy(update={"integer": bounds})
