"""Faults in the objectives of a search."""

from collections.abc import Iterator

from gan_study.config.reading.problems import Fault
from gan_study.config.study import StudyConfig

ONE_OBJECTIVE_SAMPLERS = ("cmaes",)
"""Samplers that rank trials by one value."""


def objective_faults(study: StudyConfig) -> Iterator[Fault]:
    """Objectives in a wrong order, or in conflict with other settings of the study."""
    search, place = study.search, ("search", "objectives")
    given = f"objectives=[{', '.join(search.objectives)}]"
    if len(set(search.objectives)) < len(search.objectives):
        yield Fault(place, f"each objective may appear once, but got {given}; remove the repeated ones")
    if search.objectives[0] != "score":
        yield Fault(
            place,
            f"the score is the first objective (confirmed seeds are compared by it), but got {given}; begin with it",
        )
    if "device_sec" in search.objectives and study.budget.length.is_time:
        yield Fault(
            place,
            f"a budget in device_sec gives every training the same seconds, but got {given}; remove it there, or "
            "give the budget in images",
        )
    if len(search.objectives) == 1:
        return
    if search.scheduler != "none":
        yield Fault(
            ("search", "scheduler"),
            "a scheduler ranks trials by one value on the way, and one that is worse in the score may be the best in "
            f"another objective, but got scheduler={search.scheduler} with {given}; set scheduler: none, or search for "
            "the score alone",
        )
    if search.sampler in ONE_OBJECTIVE_SAMPLERS:
        yield Fault(
            ("search", "sampler"),
            f"{search.sampler} ranks trials by one value, but got {given}; use tpe, gp, random or sobol, or search for "
            "the score alone",
        )
