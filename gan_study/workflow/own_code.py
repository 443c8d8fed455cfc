"""The trial of a study's own code, before anything is trained."""

from collections.abc import Iterator

from pydantic import ValidationError

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.data import DatasetConfig
from gan_study.config.groups import expanded
from gan_study.config.own.parts import is_own, owner_of
from gan_study.config.space import extremes
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.errors import InputError


def try_own_code(study: StudyConfig) -> list[str]:
    """Load a study's own code, and try its parts on a tiny batch.

    The values of first trials are tried, and the ends of the ranges of own parts' parameters; an own data set is made
    and kept in this machine's cache. Returns a sentence for each doubt. Raises InputError with a line for each fault.
    """
    if not study.code:
        return []
    from gan_study.evaluation.own_code import load_given_code
    from gan_study.gan.own_checks import batch_norm_note, require_sound_parts  # torch, which takes seconds

    load_given_code(study.code)
    num_channels = channels_of(study.dataset)
    problems: dict[str, None] = {}
    notes: dict[str, None] = {}
    for arm in arms_of(study):
        for training in _tried(arm):
            try:
                require_sound_parts(training, num_channels)
                if note := batch_norm_note(training, num_channels):
                    notes[f"arm {arm.name}: {note}"] = None
            except InputError as error:
                problems |= dict.fromkeys(f"arm {arm.name}: {problem}" for problem in error.problems)
    if problems:
        raise InputError(list(problems))
    return list(notes)


def channels_of(dataset: DatasetConfig) -> int:
    """Channels of the images, for which an own data set is made; its code must have been loaded. Raises InputError."""
    if not is_own(dataset.name):
        return dataset.assumed_channels
    from gan_study.data.datasets import load_dataset

    return load_dataset(dataset).num_channels


def _tried(arm: Arm) -> Iterator[TrainingConfig]:
    """An arm's trainings that are tried: one for each choice of parts, and one for each end of their ranges."""
    for assignment in arm.assignments:
        chosen = {p.name: assignment[p.name] for p in arm.parameters if p.name in assignment}
        first = {**first_trial_values(arm), **chosen}
        present = {p.name for p in arm.parameters if p.is_active({**arm.fixed, **first})}
        values = {name: value for name, value in first.items() if name in present}
        changed = [
            {**values, p.name: end}
            for p in arm.parameters
            if p.name in present and any(owner_of(part, expanded({**arm.fixed, **values})) for part in p.parts)
            for end in extremes(p.range)
        ]
        for searched in [values, *changed]:
            try:
                training = resolve_training(arm, searched, seed=0, num_train_images=ASSUMED_TRAIN_IMAGES)
            except ValidationError:  # two conditions that cannot be combined; a trial of them is checked when it starts
                continue
            if training.code:
                yield training
