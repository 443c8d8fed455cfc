"""Comparison of a study with the one in its run folder: additions, harmless changes and conflicts, field by field."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.settings import arm_settings
from gan_study.config.base import flatten
from gan_study.config.own.parts import code_hashes
from gan_study.config.search.order import lag_of
from gan_study.config.search.sampling import startup_trials
from gan_study.config.search.stopping import grace_kimg, min_completed_trials, reduction_factor
from gan_study.config.space import extremes, range_kind, range_text
from gan_study.config.study import StudyConfig

GROWING = (
    "budget.trials_per_arm",
    "search.repeats",
    "refine.trials_per_arm",
    "confirm.top_k",
    "confirm.seeds",
    "confirm.until_decided.max_seeds",
)
"""Numbers that an extension may raise."""
_FREE = (
    "description",
    "trackers",
    "resources.cpus_per_worker",
    "resources.gpus_per_worker",
    "resources.trials_per_gpu",
    "resources.max_concurrent_trials",
    "resources.max_retries",
)
"""Settings that may change freely, since no training's result depends on them. It does depend on the number of workers
and on the statistics of batch norm."""
_FILLED_IN: dict[str, Callable[[StudyConfig], float]] = {
    "search.lag": lag_of,
    "search.startup_trials": startup_trials,
    "search.reduction_factor": reduction_factor,
    "search.grace_kimg": grace_kimg,
    "search.min_completed_trials": min_completed_trials,
}
"""Settings that a study may leave out, with their defaults. Older versions wrote some of these into study.yaml."""
_BY_ARM = ("arms", "defaults", "search_space")


@dataclass(frozen=True)
class Extension:
    """The differences of a study from the one before it. All texts read `dotted.name: difference`."""

    additions: tuple[str, ...]
    """Larger numbers and new arms, which mean further trainings."""
    changes: tuple[str, ...]
    """Differences that no training's result depends on."""
    conflicts: tuple[str, ...]
    """Differences that would make the trials in the run folder those of another study."""


def compare_studies(
    before: StudyConfig, after: StudyConfig, source: str = "in the file", former: str = "in the run folder"
) -> Extension:
    """Compare `after` with the study `before` of a run folder; `source` and `former` say in words where each is from.

    Arms and searches are compared with their defaults filled in, so writing a default out is no difference.
    """
    additions, changes, conflicts = [], [], []
    old, new = study_settings(before), study_settings(after)
    for name in dict.fromkeys([*old, *new]):
        filled_in = _FILLED_IN.get(name)
        if old.get(name) == new.get(name) or (filled_in and filled_in(before) == filled_in(after)):
            continue
        line = f"{name}: {_shown(before, name)} {former}, {_shown(after, name)} {source}"
        if name in _FREE or (name.startswith("code.") and name not in old):
            changes.append(line)
        elif name not in GROWING:
            conflicts.append(line)
        elif new.get(name, 0) < old.get(name, 0):
            conflicts.append(f"{line}; trials that have run are kept, so this number can only grow")
        elif reason := grown_too_late(before, name):
            conflicts.append(f"{line}; {reason}")
        else:
            additions.append(f"{name}: {setting_text(old.get(name))} to {new[name]}")
    for arm in before.arms:
        if arm not in after.arms:
            conflicts.append(f"arms.{arm}: present {former}, missing {source}")
        else:
            conflicts += _arm_conflicts(before, after, arm, source, former)
    additions += [f"arms.{arm}: a new arm" for arm in after.arms if arm not in before.arms]
    return Extension(tuple(additions), tuple(changes), tuple(dict.fromkeys(conflicts)))


def split_lowered(before: StudyConfig, after: StudyConfig) -> tuple[dict[str, int], StudyConfig]:
    """Former numbers of trials or seeds that `after` lowers, by name; and `after` with these restored."""
    old, new = study_settings(before), study_settings(after)
    lowered = {name: old[name] for name in GROWING if name in new and new[name] < old.get(name, 0)}
    values = after.model_dump(mode="json")
    for name, number in lowered.items():
        *sections, field = name.split(".")
        reduce(getitem, sections, values)[field] = number
    return lowered, StudyConfig.model_validate(values)


def _shown(study: StudyConfig, name: str) -> str:
    """A setting in words, with its default if it was left out."""
    value = study_settings(study).get(name)
    default = f" (so {setting_text(_FILLED_IN[name](study))})" if value is None and name in _FILLED_IN else ""
    return f"{setting_text(value)}{default}"


def grown_too_late(before: StudyConfig, name: str) -> str:
    """The reason why a number of trials or seeds can no longer grow, since others depend on it; empty if it can."""
    if name == "confirm.seeds" and before.confirm.until_decided is not None:
        return (
            "the looks of until_decided are multiples of it, and would be others than those already taken; raise "
            "confirm.until_decided.max_seeds, or run a new study"
        )
    if name not in ("budget.trials_per_arm", "search.repeats"):
        return ""
    if before.search.scheduler == "pbt":
        return "the population of an arm was drawn, compared and ended together"
    if before.refine.trials_per_arm:
        return "the refinement's ranges were narrowed around the best of the search as it was"
    return ""


def study_settings(study: StudyConfig) -> dict[str, Any]:
    """Every setting that is not an arm's, by dotted name."""
    found = dict(flatten(study.model_dump(mode="json", exclude=set(_BY_ARM))))
    # Its absence is no setting of its own, but that of the number in it.
    files = {f"code.{file}": sha256 for file, sha256 in code_hashes(study.code).items()}
    return {**{name: value for name, value in found.items() if name not in ("confirm.until_decided", "code")}, **files}


def _arm_conflicts(before: StudyConfig, after: StudyConfig, arm: str, source: str, former: str) -> Iterator[str]:
    old, new = arm_definition(Arm(before, arm)), arm_definition(Arm(after, arm))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            path = _path(before, after, arm, name)
            yield f"{path}: {setting_text(old.get(name))} {former}, {setting_text(new.get(name))} {source}"


def arm_definition(arm: Arm) -> dict[str, Any]:
    """All that an arm's trainings depend on: fixed values, ranges, and the first trial's values if they are given."""
    plan = arm_settings(arm)
    stated = {f"first_trial.{name}": value for name, value in arm.config.first_trial.items()}
    ranges = {parameter.label: parameter.range for parameter in arm.parameters}
    return {**arm.fixed, **plan.fixed, **ranges, **(stated if plan.first_trial else {})}


def _path(before: StudyConfig, after: StudyConfig, arm: str, name: str) -> str:
    """The dotted place in a study file of a value that differs: in the arm, or for all arms."""
    hyperparameter = name.split("[")[0]
    own = [study.arms[arm] for study in (before, after)]
    if not any(hyperparameter in each.dotted() or hyperparameter in each.search_space for each in own):
        for section, given in (
            ("search_space", [before.search_space, after.search_space]),
            ("defaults", [before.defaults.dotted(), after.defaults.dotted()]),
        ):
            if any(hyperparameter in values for values in given):
                return f"{section}.{name}"
    searched = any(hyperparameter in each.search_space for each in own)
    return f"arms.{arm}.search_space.{name}" if searched else f"arms.{arm}.{name}"


def setting_text(value: Any) -> str:
    """A value as a study file gives it, to its last digit."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list | dict):
        return str(value)
    values = ", ".join(map(setting_text, extremes(value)))
    when = "".join(range_text(value).partition(" where ")[1:])
    return f"{range_kind(value)} [{values}]{when}"
