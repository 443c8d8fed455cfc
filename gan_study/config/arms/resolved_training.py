"""From searched values to a training of an arm with every value resolved, and the values of the first trial."""

from typing import Any

from pydantic import ValidationError

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.parameters import Parameter
from gan_study.config.base import Scalar
from gan_study.config.conditions import DECIDING, is_met, requirement
from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.groups import expanded, group_text, group_values, is_group
from gan_study.config.hyperparameters import NetworkConfig
from gan_study.config.own.parts import own_names_in, owner_of
from gan_study.config.paper_defaults import paper_defaults
from gan_study.config.space import extremes, nearest_value
from gan_study.config.training import TrainingConfig
from gan_study.config.values.length import Length

ASSUMED_TRAIN_IMAGES = 10_000
"""Train images to assume while a study is checked or planned before they have been counted."""


def training_values(arm: Arm, searched: dict[str, Scalar], seed: int, num_train_images: int) -> dict[str, Any]:
    """The nested values from which `TrainingConfig` validates one training of an arm."""
    study, flat = arm.study, _effective_values(arm, searched)
    values: dict[str, Any] = {
        "dataset": study.dataset.model_dump(),
        "objective": study.objective.model_dump(),
        "evaluate_every_kimg": study.budget.evaluate_every_kimg,
        "seed": seed,
        "network": {},
    }
    if any(map(own_names_in, (study.dataset.name, *flat.values()))):
        values |= {"code": study.code, "own": {name: value for name, value in flat.items() if owner_of(name, flat)}}
    for name, value in flat.items():
        if owner_of(name, flat):
            continue
        *parents, leaf = name.split(".")
        target = values
        for parent in parents:
            target = target.setdefault(parent, {})
        target[leaf] = value
    length = study.budget.length
    total_kimg = _total_kimg(length, flat, num_train_images)
    if total_kimg is None:
        return {**values, **_length_by_time(values, length.amount)}
    values["total_kimg"] = total_kimg
    if length.unit != "total_kimg":  # TrainingConfig would reject a longer interval
        values["evaluate_every_kimg"] = min(study.budget.evaluate_every_kimg, total_kimg)
    return values


def resolve_training(arm: Arm, searched: dict[str, Scalar], seed: int, num_train_images: int) -> TrainingConfig:
    """One training of an arm with these searched values, on a data set of `num_train_images`.

    Raises pydantic's ValidationError if they do not fit together.
    """
    return TrainingConfig.model_validate(training_values(arm, searched, seed, num_train_images))


def first_trial_values(arm: Arm) -> dict[str, Scalar]:
    """The searched names' values in an arm's first trial.

    The arm's `first_trial` has precedence. Values from the papers of the loss and the penalty (or the study's
    `defaults` in their place) are used unchanged, even outside the range: the trial trains with them, the plan
    reports it, and the sampler does not learn that parameter from that trial. Other names (such as network.width)
    start at the study's or the trainer's default, or at the value of the range that is nearest to it. A searched loss,
    penalty, network or optimizer starts at its first choice, and so does a group that has one of these. Any other group
    starts at its hyperparameters' own values, if they are all from the papers or among its choices, and else at its
    first choice.
    """
    stated = arm.config.first_trial
    values: dict[str, Scalar] = {}
    for parameter in arm.parameters:
        name = parameter.name
        if not parameter.is_active({**arm.fixed, **values}):
            continue
        if name in stated:
            values[name] = stated[name]
        elif parameter.is_condition:
            values[name] = extremes(parameter.range)[0]
        else:
            default, published = _default_value(arm, values, parameter)
            values[name] = default if published else nearest_value(parameter.range, default)
    return values


def _default_value(arm: Arm, values: dict[str, Scalar], parameter: Parameter) -> tuple[Scalar, bool]:
    """The default of a hyperparameter or a group in a training with these `values`, and True if it is from a paper."""
    conditions = {key: value for key, value in expanded(values).items() if key in DECIDING}
    training = resolve_training(arm, conditions, seed=0, num_train_images=ASSUMED_TRAIN_IMAGES)
    published = paper_defaults(training.loss, training.penalty)
    first = extremes(parameter.range)[0]
    names = tuple(group_values(str(first))) if is_group(parameter.name) else (parameter.name,)
    values_now = {name: _NEUTRAL.get(name) if (value := value_at(training, name)) is None else value for name in names}
    found = {name: value for name, value in values_now.items() if value is not None}
    if is_group(parameter.name):
        default = group_text(found) if len(found) == len(names) else first
    else:
        default = found[parameter.name]
    return default, all(name in published for name in names)


def value_at(training: TrainingConfig, name: str) -> Scalar | None:
    """One hyperparameter of a training by its dotted name; None if it does not exist there."""
    if name in training.own:
        return training.own[name]
    value: Any = training
    for part in name.split("."):
        value = getattr(value, part)
    found: Scalar | None = value
    return found


_WIDTH: int = NetworkConfig.model_fields["width"].default
_NEUTRAL: dict[str, Scalar] = {
    "penalty_every": 1,
    "label_smoothing": 0.0,
    "network.g_width": _WIDTH,
    "network.d_width": _WIDTH,
}
"""Values that have the same effect as None, where no shorthand gives another."""


def _effective_values(arm: Arm, searched: dict[str, Scalar]) -> dict[str, Scalar]:
    """Fixed and searched values, without those from `defaults`, from a group or under a searched condition that have
    no effect here."""
    drawn, code = expanded(searched), arm.study.code
    values = {**arm.fixed, **drawn}
    return {
        name: value
        for name, value in values.items()
        if not is_group(name)
        and (
            name in searched
            or (required := requirement(name, code)) is None
            or is_met(required, values)
            or (name in arm.own_fixed and required[0] not in drawn)
        )
    }


def _total_kimg(length: Length, values: dict[str, Scalar], num_train_images: int) -> float | None:
    """The length of a training in thousands of images; None if it is a time.

    A value of a wrong type, which another check reports, counts as 1.
    """
    published = paper_defaults(str(values.get("loss")), str(values.get("penalty", "none")))
    batch_size = values.get("batch_size", TrainingConfig.model_fields["batch_size"].default)
    ratio = values.get("d_steps_per_g_step", published.get("d_steps_per_g_step", 1))
    counts = [number if isinstance(number, int) and number > 0 else 1 for number in (batch_size, ratio)]
    return length.to_kimg(counts[0], counts[1], num_train_images)


def _length_by_time(values: dict[str, Any], device_sec: float) -> dict[str, Any]:
    """The length of a training by time, with an estimate of its images for plans and remaining times."""
    try:
        training = TrainingConfig.model_validate({**values, "device_sec": device_sec})
    except ValidationError:  # another check reports it
        return {"device_sec": device_sec}
    return {"device_sec": device_sec, "total_kimg": device_sec / estimate_seconds_per_kimg(training)}
