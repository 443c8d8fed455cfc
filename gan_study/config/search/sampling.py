"""The part of a search space that a sampler can learn, and the trials that it draws before it learns."""

import math
from collections.abc import Mapping, Sequence

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter, assignments
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, IntegerRange, SearchRange
from gan_study.config.study import StudyConfig

LEARNING_SAMPLERS = ("tpe", "gp", "cmaes")
"""Samplers that learn from the trials that have ended."""
_MOST_CONFIGURATIONS = 10_000
"""Above this number, a search hardly ever draws a configuration twice."""
JOINT_SAMPLERS = ("gp", "cmaes")
"""Samplers that draw all parameters jointly, and so learn only those that exist in every trial."""


def startup_trials(study: StudyConfig) -> int:
    """Trials of an arm that tpe, gp and cmaes draw at random before they learn.

    Optuna's defaults of ten would leave nothing to learn in a small search. An evolution strategy starts from the
    middle of the ranges, whatever was drawn before.
    """
    default = 1 if study.search.sampler == "cmaes" else max(1, study.budget.trials_per_arm // 3)
    return study.search.startup_trials or default


def all_configurations(
    parameters: Sequence[Parameter], fixed: Mapping[str, Scalar]
) -> tuple[dict[str, Scalar], ...] | None:
    """All configurations, by dotted name; None if they are infinitely many, or more than anyone will try."""
    found: list[dict[str, Scalar]] = [{}]
    for parameter in parameters:
        values = _all_values(parameter.range)
        if len(found) * len(values) > _MOST_CONFIGURATIONS or not values:
            return None
        found = [
            grown
            for drawn in found
            for grown in (
                [{**drawn, parameter.name: value} for value in values]
                if parameter.is_active({**fixed, **drawn})
                else [drawn]
            )
        ]
    return tuple(found)


def _all_values(search_range: SearchRange) -> Sequence[Scalar]:
    """Every value of a choice or an integer range; empty for other ranges."""
    match search_range:
        case Choice(choice=values):
            return tuple(dict.fromkeys(values))
        case IntegerRange(integer=(first, last)):
            return range(first, last + 1)
        case _:
            return ()


def population_size(num_parameters: int) -> int:
    """Trials in a generation of cmaes: 4 + floor(3 ln n) (Hansen 2016, the CMA evolution strategy, equation 48)."""
    return 4 + math.floor(3 * math.log(num_parameters))


def joint_parameters(
    sampler: str, parameters: Sequence[Parameter], fixed: Mapping[str, Scalar]
) -> tuple[Parameter, ...]:
    """The parameters of an arm that `sampler` draws jointly.

    gp and cmaes: those that exist in every trial, for cmaes without choices. sobol: all of them, since its sequence
    has a dimension for each, whether or not a trial needs it. Other samplers draw one parameter after the other.
    """
    found = [p for p in parameters if not _is_single(p)]
    if sampler == "sobol":
        return tuple(found)
    if sampler not in JOINT_SAMPLERS:
        return ()
    outcomes = list(assignments(parameters, fixed))
    found = [p for p in found if all(p.is_active(values) for values in outcomes)]
    return tuple(p for p in found if sampler == "gp" or not isinstance(p.range, Choice))


def searches_anything(arm: Arm) -> bool:
    """Return True if an arm's trials differ by more than their seeds, that is, if some range has several values."""
    return any(not _is_single(parameter) for parameter in arm.parameters)


def drawn_at_random(arm: Arm) -> tuple[str, ...]:
    """Labels of the parameters that an arm's sampler cannot learn and draws at random in every trial."""
    sampler = arm.study.search.sampler
    if sampler not in JOINT_SAMPLERS:
        return ()
    learned = {p.label for p in joint_parameters(sampler, arm.parameters, arm.fixed)}
    return tuple(p.label for p in arm.parameters if p.label not in learned and not _is_single(p))


def _is_single(parameter: Parameter) -> bool:
    return isinstance(parameter.range, Choice) and len(parameter.range.choice) == 1
