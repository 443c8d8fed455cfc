"""What a study's values mean together: whether every arm can be trained with all it fixes and searches."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gan_study.config.arms import arm_search_space, fixed_values, training_values
from gan_study.config.base import Scalar
from gan_study.config.names import NETWORKS
from gan_study.config.problems import Fault, show, wrong_value
from gan_study.config.source import KeyPath
from gan_study.config.space import Choice, IntegerRange, extremes, range_kind
from gan_study.config.study import BudgetConfig, ResourcesConfig, StudyConfig
from gan_study.config.training import TrainingConfig


def check_study(study: StudyConfig) -> list[Fault]:
    """Everything that does not fit together; empty if the study can be run."""
    faults = []
    if study.confirm.top_k > study.budget.trials_per_arm:
        faults.append(
            Fault(
                ("confirm", "top_k"),
                f"no more trials can be confirmed than are searched, but got top_k={study.confirm.top_k} with "
                f"trials_per_arm={study.budget.trials_per_arm}; confirm fewer or search more",
            )
        )
    faults += _resource_faults(study.resources)
    for arm in study.arms:
        faults += [*_fixed_faults(study, arm), *_range_faults(study, arm), *_batch_faults(study, arm)]
    return list(dict.fromkeys(faults))  # what all arms share is told once


def _resource_faults(resources: ResourcesConfig) -> Iterator[Fault]:
    gpus, workers = resources.gpus_per_worker, resources.workers_per_trial
    if gpus != "auto" and workers > 1 and gpus != round(gpus):
        yield Fault(
            ("resources", "gpus_per_worker"),
            "several workers of a trial need whole GPUs (NCCL joins no two processes on one), but got "
            f"gpus_per_worker={gpus:g} with workers_per_trial={workers}; give each a GPU, or one worker to each trial",
        )
    if resources.batch_statistics == "synchronised" and gpus == 0:
        yield Fault(
            ("resources", "batch_statistics"),
            "synchronised batch norm needs GPUs, but got batch_statistics=synchronised with gpus_per_worker=0; "
            "use per_rank, or networks without batch norm",
        )


def _fixed_faults(study: StudyConfig, arm: str) -> Iterator[Fault]:
    fixed = study.arms[arm].dotted()
    if "network.name" not in fixed_values(study, arm):
        names = ", ".join(sorted(NETWORKS))
        yield Fault(("arms", arm, "network"), f"every arm needs a network, but it has none; name one (known: {names})")
    for searched in study.arms[arm].search_space:
        if searched in fixed:
            given = f"{searched}={show(fixed[searched])}"
            rule = f"an arm either fixes or searches a value, but got {given} and a range; remove one of them"
            yield Fault(("arms", arm, "search_space", searched), rule, at_key=True)
    _, misplaced = _training_problems(study, arm, {})
    for name, rule in misplaced.items():
        path = _fixed_at(study, arm, name)
        if path:
            yield Fault(path, f"arm {arm}: {rule}", at_key=True)
        else:  # part of the data set or the budget, which all arms share
            section = "budget" if name in BudgetConfig.model_fields else "dataset"
            yield Fault((section, name.removeprefix("dataset.")), rule)


def _range_faults(study: StudyConfig, arm: str) -> Iterator[Fault]:
    """Holds both ends of every range, and every choice, against what the hyperparameter allows."""
    for name, search_range in arm_search_space(study, arm).items():
        path, kind = _searched_at(study, arm, name), range_kind(search_range)
        for index, value in enumerate(extremes(search_range)):
            wrong, misplaced = _training_problems(study, arm, {name: value})
            if name in misplaced:
                yield Fault(path, f"arm {arm}: {misplaced[name]}", at_key=True)
                break
            if name not in wrong:
                continue
            if wrong[name]["type"] == "int_type" and kind in ("uniform", "log_uniform"):
                yield Fault(
                    (*path, kind), f"{name} takes whole numbers, but got {kind}; use integer or choice", at_key=True
                )
                break
            yield Fault((*path, kind, index), wrong_value(name, show(value), [wrong[name]]))


def _batch_faults(study: StudyConfig, arm: str) -> Iterator[Fault]:
    workers = study.resources.workers_per_trial
    search_range = arm_search_space(study, arm).get("batch_size")
    if isinstance(search_range, IntegerRange) and workers > 1:
        yield Fault(
            (*_searched_at(study, arm, "batch_size"), "integer"),
            "the batch must divide among the workers of a trial, but got any whole number with "
            f"workers_per_trial={workers}; use choice with multiples of it",
            at_key=True,
        )
    elif isinstance(search_range, Choice):
        path = (*_searched_at(study, arm, "batch_size"), "choice")
        for index, size in enumerate(search_range.choice):
            yield from _undivided((*path, index), size, workers)
    elif search_range is None:
        size = fixed_values(study, arm).get("batch_size", TrainingConfig.model_fields["batch_size"].default)
        given = _fixed_at(study, arm, "batch_size")
        yield from _undivided(given or ("resources", "workers_per_trial"), size, workers)


def _undivided(path: KeyPath, size: Scalar, workers: int) -> Iterator[Fault]:
    if isinstance(size, int) and size % workers:
        yield Fault(
            path,
            f"the batch must divide among the workers of a trial, but got batch_size={size} "
            f"with workers_per_trial={workers}; change one of them",
        )


def _training_problems(
    study: StudyConfig, arm: str, searched: dict[str, Scalar]
) -> tuple[dict[str, ErrorDetails], dict[str, str]]:
    """By dotted name: values that no training takes, and values that do not go with the rest of the arm."""
    values = training_values(study, arm, searched, seed=0)
    values["network"].setdefault("name", "mlp")  # a missing name is told by itself and must not hide the rest
    wrong, misplaced = {}, {}
    try:
        TrainingConfig.model_validate(values, strict=True)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            if details["type"] == "combination":
                misplaced = details["ctx"]["problems"]
            else:
                wrong[".".join(map(str, details["loc"]))] = details
    return wrong, misplaced


def _fixed_at(study: StudyConfig, arm: str, name: str) -> KeyPath:
    """Where an arm's fixed value is given: in the arm, in the defaults, or nowhere (an empty path)."""
    if name in study.arms[arm].dotted():
        return ("arms", arm, *name.split("."))
    return ("defaults", *name.split(".")) if name in study.defaults.dotted() else ()


def _searched_at(study: StudyConfig, arm: str, name: str) -> KeyPath:
    own = name in study.arms[arm].search_space
    return ("arms", arm, "search_space", name) if own else ("search_space", name)
