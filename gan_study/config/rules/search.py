"""Faults in the settings of search, refinement and confirmation: unused ones, and impossible numbers."""

from collections.abc import Iterator

from gan_study.config.reading.hints import value_text
from gan_study.config.reading.problems import Fault
from gan_study.config.study import StudyConfig

_USERS = {
    "startup_trials": ("sampler", ("tpe", "gp", "cmaes")),
    "reduction_factor": ("scheduler", ("asha", "hyperband")),
    "grace_kimg": ("scheduler", ("asha", "hyperband", "median")),
    "min_completed_trials": ("scheduler", ("median",)),
}
"""Settings of a search, with the samplers or schedulers that use them."""


def unused_setting_faults(study: StudyConfig) -> Iterator[Fault]:
    """Settings that the chosen sampler or scheduler does not use."""
    for name, (chooser, users) in _USERS.items():
        value, chosen = getattr(study.search, name), getattr(study.search, chooser)
        if value is not None and chosen not in users:
            rule = (
                f"{name} belongs to {', '.join(users)}, but got {chooser}={chosen} with {name}={value_text(value)}; "
                f"remove it, or set {chooser}: {users[0]}"
            )
            yield Fault(("search", name), rule, at_key=True)


def phase_faults(study: StudyConfig) -> Iterator[Fault]:
    """Phases that need more trials than the phases before them provide."""
    searched, refined = study.search_trials_per_arm, study.refine.trials_per_arm
    repeated = f" and repeats={study.search.repeats}" if study.search.repeats > 1 else ""
    if study.confirm.top_k > searched + refined:
        found = f"trials_per_arm={study.budget.trials_per_arm}{repeated}" + (
            f" and {refined} refined" if refined else ""
        )
        yield Fault(
            ("confirm", "top_k"),
            "no more trials can be confirmed than are searched, but got "
            f"top_k={study.confirm.top_k} with {found}; confirm fewer or search more",
        )
    if refined and study.refine.keep > searched:
        yield Fault(
            ("refine", "keep"),
            "no more trials can span the narrowed ranges than are searched, but got "
            f"keep={study.refine.keep} with trials_per_arm={study.budget.trials_per_arm}{repeated}; keep fewer or "
            "search more",
        )
