"""Checks that a run folder's study.yaml, which somebody may have edited, still agrees with the folder's trials."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from pydantic import ValidationError

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.arms.resolved_training import training_values
from gan_study.config.base import flatten
from gan_study.config.own.parts import code_hashes
from gan_study.config.reading.problems import dotted
from gan_study.config.rules.extension import compare_studies, setting_text, split_lowered, study_settings
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError

_OWN = ("seed", "schedule", "evaluate_every_kimg", "lr")
"""Values that each trial has of its own, or that other versions fill in differently."""
_WAY_OUT = "undo the change, or run the changed study under another name"


def require_trained_as(study: StudyConfig, trials: Sequence[TrialConfig], num_train_images: int, place: str) -> None:
    """Raise InputError, with a line for each field, if trials were trained with other values than the study gives.

    Args:
        study: the study of the run folder.
        trials: configurations of trials in the run folder.
        num_train_images: images in the data set's train part.
        place: path of the run folder's study.yaml, for the error.
    """
    _refuse(place, (problem for trial in trials for problem in _training_problems(study, trial, num_train_images)))


def require_searched_as(study: StudyConfig, trials: Sequence[TrialConfig], place: str) -> None:
    """Raise InputError if the study searches other hyperparameters than its trials were drawn from.

    A report does not need this, but a search that continues learns from the values of these hyperparameters.
    """
    _refuse(place, (problem for trial in trials for problem in _search_problems(study, trial)))


def require_begun_as(known: StudyConfig, study: StudyConfig, arms: Collection[str], place: str) -> None:
    """Raise InputError if somebody has changed what the trials of a run folder depend on, such as the ends of a range.

    Numbers of trials and seeds may have grown. Only `resume --set` lowers them, and notes it for the report.

    Args:
        known: the study as the last command that trained read it.
        study: the study of the run folder.
        arms: arms that have trials; the others may still change.
        place: path of the run folder's study.yaml, for the error.
    """
    both = {arm: config for arm, config in known.arms.items() if arm in arms and arm in study.arms}
    if not both:
        return
    present, (lowered, undone) = study_settings(study), split_lowered(known, study)
    found = compare_studies(known.model_copy(update={"arms": both}), undone, "in the file", "at the beginning")
    _refuse(
        place,
        (
            *(f"what a study began with cannot change, but got {each}; {_WAY_OUT}" for each in found.conflicts),
            *(
                f"{name}: only `resume` can lower this number, but got {present[name]} in the file where it was "
                f"{old}; write {old} again, and call `resume` with --set {name}={present[name]}"
                for name, old in lowered.items()
            ),
        ),
    )


def _refuse(place: str, problems: Iterable[str]) -> None:
    lines = tuple(dict.fromkeys(f"{place}: {problem}" for problem in problems))
    if lines:
        raise InputError(lines)


def _training_problems(study: StudyConfig, trial: TrialConfig, num_train_images: int) -> Iterator[str]:
    if trial.arm in study.arms:
        yield from _training_differences(study, trial, num_train_images)
        return
    yield (
        f"arms: the arms of all trials must be in the study, but got {', '.join(study.arms)} without {trial.arm}; put "
        f"{trial.arm} back as it was, or move arms/{trial.arm} out of the run folder"
    )


def _search_problems(study: StudyConfig, trial: TrialConfig) -> Iterator[str]:
    arm = Arm(study, trial.arm)
    active = [p for p in arm.parameters if p.is_active({**arm.fixed, **trial.searched})]
    differences = list(_search_differences(active, trial))
    if differences:
        rule = "all trials of an arm must search the same hyperparameters"
        yield f"arms.{trial.arm}: {rule}, but got {', '.join(differences)}; {_WAY_OUT}"


def _search_differences(active: Sequence[Parameter], trial: TrialConfig) -> Iterator[str]:
    """Differences between the hyperparameters that an arm searches and those that a trial was sampled from."""
    ranges = {parameter.name: parameter.range for parameter in active}
    for name in ranges.keys() - trial.searched.keys():
        yield f"{name} searched where the trials have not searched it"
    for name in trial.searched.keys() - ranges.keys():
        yield f"{name} not searched where the trials have"


def _training_differences(study: StudyConfig, trial: TrialConfig, num_train_images: int) -> Iterator[str]:
    """Differences between the values that an arm fixes and those that a trial of it was trained with."""
    arm = Arm(study, trial.arm)
    try:
        values = training_values(arm, trial.searched, trial.training.seed, num_train_images)
    except ValidationError:
        return
    trained = dict(flatten({**trial.training.model_dump(mode="json"), "code": code_hashes(trial.training.code)}))
    values["code"] = code_hashes(values.get("code", ()))
    trained |= trial.training.own
    own = (*_OWN, "total_kimg") if study.budget.length.is_time else _OWN  # an estimate
    for full_name, value in flatten(values):
        name = full_name.removeprefix("own.")
        if name in trained and name not in own and name not in trial.searched and trained[name] != value:
            yield (
                f"{_where(arm, name)}: what trials were trained with cannot change, but got {setting_text(value)} "
                f"where {trial.arm} was trained with {setting_text(trained[name])}; {_WAY_OUT}"
            )


def _where(arm: Arm, name: str) -> str:
    if place := arm.place_of_fixed(name):
        return dotted(place)
    return "budget" if name in ("total_kimg", "device_sec") else name
