"""Faults of a study as a whole: values and ranges with which some arm cannot be trained."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.parameters import Parameter, decided_names, overlap
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, training_values
from gan_study.config.base import KeyPath, Scalar
from gan_study.config.conditions import DECIDING, is_met, requirement
from gan_study.config.groups import group_values, is_group, leaves
from gan_study.config.hyperparameters import PARTS
from gan_study.config.names import CONDITIONS, LOSSES, NETWORKS
from gan_study.config.own.parts import parameter_names
from gan_study.config.reading.hints import value_text
from gan_study.config.reading.problems import Fault, wrong_value
from gan_study.config.reading.suggestions import suggestion
from gan_study.config.rules.objectives import objective_faults
from gan_study.config.rules.populations import population_faults
from gan_study.config.rules.search import phase_faults, unused_setting_faults
from gan_study.config.rules.workers import worker_faults
from gan_study.config.space import extremes, range_kind
from gan_study.config.study import BudgetConfig, ResourcesConfig, StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.config.values.betas import parse_betas

_MEANT = {
    "lr": "both learning rates",
    "lr_schedule": "both schedules",
    "betas": "both decay rates",
    "network.width": "both widths",
}
"""The parts that a shorthand sets, in words."""
_OF_SEVERAL_PARTS = {
    "betas": "are pairs",
    **dict.fromkeys(("lr_schedule", "g_lr_schedule", "d_lr_schedule"), "is a name or a mapping"),
    "augment": "is a name, a list or a mapping",
}
"""Hyperparameters whose values no range of numbers can hold, with their kind."""


def check_study(study: StudyConfig, is_begun: bool = False, has_all_arms: bool = True) -> list[Fault]:
    """All faults of a study whose values are each valid by themselves; empty if it can be run.

    is_begun: the study is from a run folder. Two kinds of faults are then ignored, since older versions wrote settings
        without effect, and did not check what several workers can train.
    has_all_arms: no arm was removed from `study` for its own faults. Ranges that no arm uses are reported only then.
    """
    faults = [*phase_faults(study), *([] if is_begun else unused_setting_faults(study))]
    faults += [*objective_faults(study), *population_faults(study)]
    faults += resource_faults(study.resources)
    faults += _unknown_own_faults(study)
    arms = arms_of(study)
    faults += _unused_range_faults(study, arms) if has_all_arms else []
    for arm in arms:
        faults += [*_fixed_faults(arm), *_range_faults(arm)]
        faults += [] if is_begun else worker_faults(arm)
    return list(dict.fromkeys(faults))  # a fault of all arms is reported once


def resource_faults(resources: ResourcesConfig) -> Iterator[Fault]:
    """Impossible requirements on the machines. More may show once `auto` has been replaced by actual numbers."""
    gpus = resources.gpus_per_worker
    if gpus != "auto" and resources.max_workers > 1 and gpus != round(gpus):
        yield Fault(
            ("resources", "gpus_per_worker"),
            "several workers of a trial need whole GPUs (NCCL cannot join two processes on one), but got "
            f"gpus_per_worker={gpus:g} with "
            f"workers_per_trial={resources.workers_text}; give each worker a GPU, or use one worker",
        )
    if gpus != "auto" and gpus > 1 and gpus != round(gpus):
        yield Fault(
            ("resources", "gpus_per_worker"),
            f"a worker takes a share of one GPU or whole GPUs, but got gpus_per_worker={gpus:g}; round it",
        )
    yield from _shared_process_faults(resources)
    if resources.batch_statistics == "synchronised" and gpus == 0:
        yield Fault(
            ("resources", "batch_statistics"),
            "synchronised batch norm needs GPUs, but got batch_statistics=synchronised with gpus_per_worker=0; "
            "use per_rank, or networks without batch norm",
        )


def _shared_process_faults(resources: ResourcesConfig) -> Iterator[Fault]:
    """Settings that cannot be combined with several trials in one process."""
    num, gpus, most = resources.trials_per_process, resources.gpus_per_worker, resources.max_concurrent_trials
    got = f"with trials_per_gpu={num}"
    if num > 1 and resources.max_workers > 1:
        yield Fault(
            ("resources", "trials_per_gpu"),
            "a process that trains several trials is the only worker of each, but got "
            f"workers_per_trial={resources.workers_text} {got}; set one of them to 1",
        )
    if num > 1 and gpus not in ("auto", 0, 1):
        yield Fault(
            ("resources", "gpus_per_worker"),
            f"the trials of one process share one GPU or none, but got gpus_per_worker={gpus:g} {got}; use auto, 1 or "
            "0, or set trials_per_gpu to 1",
        )
    if most != "auto" and num > most:
        yield Fault(
            ("resources", "trials_per_gpu"),
            f"no more trials can share a process than run at once, but got max_concurrent_trials={most} {got}; "
            "raise max_concurrent_trials, or lower trials_per_gpu",
        )


def _unknown_own_faults(study: StudyConfig) -> Iterator[Fault]:
    """Values in `defaults` of parameters that no own part has; in arms each training is checked."""
    known = parameter_names(study.code)
    for name in study.defaults.model_dump(include={"own"})["own"] or {}:
        if name in known:
            continue
        yield Fault(("defaults", *name.split(".")), f"no own part has this parameter{suggestion(name, known)}")


def _unused_range_faults(study: StudyConfig, arms: Sequence[Arm]) -> Iterator[Fault]:
    """Ranges that no trial of any arm could use."""
    declared = {p.path: p for arm in arms for p in arm.declared_parameters}
    used = {p.path for arm in arms for p in arm.parameters}
    for name in study.search_space:
        if all(name in decided_names(arm.own_fixed, arm.parts) for arm in arms):
            rule = f"every arm fixes {name}, so no arm searches it; remove the range, or {name} from an arm"
            yield Fault(("search_space", name), rule, at_key=True)
    for path, parameter in declared.items():
        if path in used:
            yield from _idle_part_faults(parameter, [arm for arm in arms if parameter in arm.parameters])
            continue
        if parameter.range.when:
            when = " and ".join(f"{name}={value_text(wanted)}" for name, wanted in parameter.range.when.items())
            rule = f"this range never exists, since its condition is never met, but got when {when}; correct it"
        else:
            assert parameter.requirement is not None, "a range without a condition is always used"
            condition, wanted = parameter.requirement
            rule = (
                f"{parameter.name} belongs to {', '.join(wanted)}, but no arm has such a {condition}; "
                f"remove the range or set {condition}: {wanted[0]}"
            )
        yield Fault(path, rule, at_key=True)


def _idle_part_faults(parameter: Parameter, arms: Sequence[Arm]) -> Iterator[Fault]:
    """Hyperparameters of a group that have no effect in any of the arms that search it."""
    if not is_group(parameter.name):
        return
    for name, _, place in _set_by(parameter.name, extremes(parameter.range)[0], (*parameter.path, "choice", 0)):
        required = requirement(name, arms[0].study.code)
        if required and not any(is_met(required, values) for arm in arms for values in arm.assignments):
            condition, wanted = required
            rule = f"{name} belongs to {', '.join(wanted)}, but no arm has such a {condition}; remove {name}"
            yield Fault(place, rule, at_key=True)


def _set_by(name: str, value: Scalar, place: KeyPath) -> list[tuple[str, Scalar, KeyPath]]:
    """The hyperparameters that one value of a range sets, with their values and places in the study file."""
    if not is_group(name):
        return [(name, value, place)]
    return [(part, given, (*place, part)) for part, given in group_values(str(value)).items()]


def _fixed_faults(arm: Arm) -> Iterator[Fault]:
    fixed, searched = arm.own_fixed, {p.name: p.path for p in arm.declared_parameters}
    for name, known in (("network.name", NETWORKS), ("loss", LOSSES)):
        if name not in arm.fixed and all(name not in p.parts for p in arm.declared_parameters):
            key = name.partition(".")[0]
            rule = f"every arm needs a {key}, but it has none; name one (known: {', '.join(sorted(known))})"
            yield Fault(("arms", arm.name, key), rule)
    for name in arm.config.search_space:
        if name in fixed:
            given = f"{name}={value_text(fixed[name])}"
            rule = f"an arm either fixes or searches a value, but got {given} and a range; remove one of them"
            yield Fault(("arms", arm.name, "search_space", name), rule, at_key=True)
    for name in arm.config.first_trial:
        if name not in searched:
            group = next((p.name for p in arm.declared_parameters if name in p.parts), None)
            remedy = f"; give {name} itself" if group is None else f" by itself; give it in {group}"
            rule = f"first_trial is for what the arm searches, but {name} is not searched{remedy}"
            yield Fault(("arms", arm.name, "first_trial", name), rule, at_key=True)
    yield from _first_trial_faults(arm)
    places = {**{name: arm.place_of_fixed(name) for name in arm.fixed}, **searched}
    for both, name in product(arm.parts, places):
        is_twin = name == both or (is_group(name) and (name < both or not is_group(both)))
        if both in places and not is_twin and overlap(both, name, arm.parts):
            meant = _MEANT.get(both, ", ".join(arm.parts[both]))
            rule = f"{both} sets {meant}, but got {name} too; remove one of them"
            yield Fault(places[name], rule, at_key=True)
    for assignment in arm.assignments:
        yield from _misplaced_faults(arm, assignment)


def _first_trial_faults(arm: Arm) -> Iterator[Fault]:
    for name, value in arm.config.first_trial.items():
        place = ("arms", arm.name, "first_trial", name)
        wrong, _ = _training_problems(arm, {name: value})
        parts = _set_by(name, value, place)
        if is_group(name) and name in arm.parts and {*leaves([part for part, *_ in parts])} != {*arm.parts[name]}:
            yield Fault(place, f"{name} sets {', '.join(arm.parts[name])}, but got {name}={value}; set each of them")
        for part, given, at in parts:
            if details := _details(wrong, part):
                yield Fault(at, wrong_value(part, value_text(given), [details]))


def _misplaced_faults(arm: Arm, assignment: Mapping[str, Scalar]) -> Iterator[Fault]:
    chosen = {name: value for name, value in assignment.items() if name in DECIDING and name not in arm.fixed}
    _, misplaced = _training_problems(arm, chosen)
    for name, rule in misplaced.items():
        path = arm.place_of_fixed(name)
        if path:
            yield Fault(path, f"arm {arm.name}: {rule}", at_key=True)
        elif name in BudgetConfig.model_fields:
            yield Fault(("budget", name), rule)
        elif "." in name:  # part of the data set or the objective, which all arms share
            yield Fault(tuple(name.split(".")), rule)
        else:
            yield Fault(("arms", arm.name), f"arm {arm.name}: {rule}", at_key=True)


def _range_faults(arm: Arm) -> Iterator[Fault]:
    """Check both ends of every range, and every value of a choice, against the hyperparameter's bounds."""
    for index, parameter in enumerate(arm.parameters):
        active = [values for values in arm.assignments if parameter.is_active(values)]
        # Adaptive augmentations depend on the loss.
        for values in active if "augment" in parameter.parts else active[:1]:
            yield from _end_faults(arm, parameter, values)
        earlier = [p for p in arm.parameters[:index] if p.name == parameter.name]
        if any(other.is_active(values) for other in earlier for values in active):
            rule = f"only one range of {parameter.name} may exist at a time, but got two; tell them apart by `when`"
            yield Fault(parameter.path, rule)


def _end_faults(arm: Arm, parameter: Parameter, assignment: Mapping[str, Scalar]) -> Iterator[Fault]:
    name, path, kind = parameter.name, parameter.path, range_kind(parameter.range)
    if name in CONDITIONS and kind != "choice":
        yield Fault((*path, kind), f"{name} is a name, but got {kind}; use choice", at_key=True)
        return
    if name in _OF_SEVERAL_PARTS and kind != "choice":
        yield Fault((*path, kind), f"{name} {_OF_SEVERAL_PARTS[name]}, but got {kind}; use choice", at_key=True)
        return
    if name == "betas":
        yield from _pair_faults(parameter)
        return
    if is_group(name) and {*parameter.parts} != {*arm.parts[name]}:
        got = f"{', '.join(parameter.parts)} after {', '.join(arm.parts[name])}"
        yield Fault(path, f"all ranges of a group set the same hyperparameters, but got {got}; add what is missing")
        return
    chosen = {key: value for key, value in assignment.items() if key in DECIDING}
    for index, end in enumerate(extremes(parameter.range)):
        wrong, misplaced = _training_problems(arm, {**chosen, name: end})
        for part, value, place in _set_by(name, end, (*path, kind, index)):
            if part in misplaced:
                yield Fault(place if is_group(name) else path, f"arm {arm.name}: {misplaced[part]}", at_key=True)
                return
            details = _details(wrong, part)
            if details is None:
                continue
            if details["type"] == "int_type" and kind in ("uniform", "log_uniform"):
                rule = f"{name} takes whole numbers, but got {kind}; use integer or choice"
                yield Fault((*path, kind), rule, at_key=True)
                return
            own = details["type"] == "value_error"
            rule = str(details["ctx"]["error"]) if own else wrong_value(part, value_text(value), [details])
            yield Fault(place, rule)


def _details(wrong: Mapping[str, ErrorDetails], name: str) -> ErrorDetails | None:
    """Pydantic's error about a hyperparameter or, for a shorthand, one of its parts; None if the value is valid."""
    return next((wrong[part] for part in (name, *PARTS.get(name, ())) if part in wrong), None)


def _pair_faults(parameter: Parameter) -> Iterator[Fault]:
    for index, value in enumerate(extremes(parameter.range)):
        try:
            parse_betas(str(value))
        except ValueError as error:
            yield Fault((*parameter.path, "choice", index), str(error))


def _training_problems(arm: Arm, searched: dict[str, Scalar]) -> tuple[dict[str, ErrorDetails], dict[str, str]]:
    """By dotted name: invalid values, and valid values that do not fit the rest of the arm."""
    known = arm.study.dataset.known_train_images or ASSUMED_TRAIN_IMAGES
    values = training_values(arm, searched, seed=0, num_train_images=known)
    # Missing names are reported separately and must not hide other faults.
    values["network"].setdefault("name", "mlp")
    values.setdefault("loss", "least_squares")
    wrong, misplaced = {}, {}
    try:
        TrainingConfig.model_validate(values, strict=True)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            if details["type"] == "combination":
                # worker_faults checks all batch sizes of the ranges.
                misplaced = {name: rule for name, rule in details["ctx"]["problems"].items() if name != "pac"}
            else:
                wrong[".".join(map(str, details["loc"]))] = details
    return wrong, misplaced
