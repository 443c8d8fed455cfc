"""What a sampler can learn of a search space, and from when on it learns."""

import math
from collections.abc import Mapping, Sequence

from gan_study.config.base import Scalar
from gan_study.config.parameters import Parameter, arm_parameters, assignments, fixed_values
from gan_study.config.space import Choice
from gan_study.config.study import StudyConfig

LEARNING_SAMPLERS = ("tpe", "gp", "cmaes")
"""Samplers that draw from what has been found."""
JOINT_SAMPLERS = ("gp", "cmaes")
"""Samplers that draw all they can learn at once: only what exists in every trial."""


def startup_trials(study: StudyConfig) -> int:
    """Trials of an arm that tpe, gp and cmaes draw at random before they learn.

    Optuna's defaults of ten would leave nothing to learn in a small search. An evolution strategy starts from the
    middle of the ranges, whatever was drawn before.
    """
    default = 1 if study.search.sampler == "cmaes" else max(1, study.budget.trials_per_arm // 3)
    return study.search.startup_trials or default


def population_size(num_parameters: int) -> int:
    """Trials in a generation of cmaes: 4 + floor(3 ln n) (Hansen 2016, the CMA evolution strategy, equation 48)."""
    return 4 + math.floor(3 * math.log(num_parameters))


def joint_parameters(
    sampler: str, parameters: Sequence[Parameter], fixed: Mapping[str, Scalar]
) -> tuple[Parameter, ...]:
    """What `sampler` draws together, out of an arm's parameters and fixed values.

    gp and cmaes: what exists whatever is drawn, cmaes without choices. sobol: everything, since its sequence has room
    for what a trial then does not need. Others draw one after the other, and have nothing here.
    """
    found = [p for p in parameters if not _is_single(p)]
    if sampler == "sobol":
        return tuple(found)
    if sampler not in JOINT_SAMPLERS:
        return ()
    outcomes = list(assignments(parameters, fixed))
    found = [p for p in found if all(p.is_active(values) for values in outcomes)]
    return tuple(p for p in found if sampler == "gp" or not isinstance(p.range, Choice))


def searches(study: StudyConfig, arm: str) -> bool:
    """Whether an arm's trials differ by more than their seeds: whether a range leaves anything to choose."""
    return any(not _is_single(parameter) for parameter in arm_parameters(study, arm))


def drawn_at_random(study: StudyConfig, arm: str) -> tuple[str, ...]:
    """Labels of the parameters that an arm's sampler never learns: they are drawn at random in every trial."""
    sampler, parameters = study.search.sampler, arm_parameters(study, arm)
    if sampler not in JOINT_SAMPLERS:
        return ()
    learned = {p.label for p in joint_parameters(sampler, parameters, fixed_values(study, arm))}
    return tuple(p.label for p in parameters if p.label not in learned and not _is_single(p))


def _is_single(parameter: Parameter) -> bool:
    return isinstance(parameter.range, Choice) and len(parameter.range.choice) == 1
