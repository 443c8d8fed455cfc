"""Reading the configuration of one training: a trial's config.json, or YAML of that form written by hand."""

from pathlib import Path

from pydantic import ValidationError

from gan_study.config.estimates.training_time import estimate_seconds_per_kimg
from gan_study.config.paper_defaults import paper_defaults
from gan_study.config.reading.files import FileKind, read_text
from gan_study.config.reading.own_code import use_own_code
from gan_study.config.reading.problems import Fault, explain_errors, locate_faults
from gan_study.config.reading.source import Node, Origin, lines_of, parse
from gan_study.config.reading.synonyms import use_own_names
from gan_study.config.training import TrialConfig
from gan_study.config.values.intervals import NEVER, eighth
from gan_study.errors import InputError

TRIAL_FILE = FileKind("one training", key="training", suffixes=(".json", ".yaml", ".yml"))
_PAPER_VALUES = tuple((name,) for name in paper_defaults("least_squares", "none"))


def load_trial(path: str | Path) -> TrialConfig:
    """Read a trial's configuration. Only `training` is required, and in it `dataset`, `network` and `loss`.

    Raises InputError with all problems found, each as `file:line:column: dotted.name: rule`.
    """
    root, problems = parse(read_text(Path(path), TRIAL_FILE), Origin(str(path)))
    if root is None:
        raise InputError([str(problem) for problem in problems])
    _require_training(root, path)
    use_own_names(root)
    training = root.child("training")
    if training is not None and (faulty := use_own_code(training, Path(path).parent, "training.")):
        raise InputError(lines_of([*problems, *faulty]))
    try:
        trial = TrialConfig.model_validate(root.plain(), strict=True)
    except ValidationError as error:
        problems += locate_faults(_own_faults(explain_errors(error, root, TrialConfig), root), root)
    if problems:
        raise InputError(lines_of(problems))
    return _estimated(trial)


def _estimated(trial: TrialConfig) -> TrialConfig:
    """A training whose length is given by time alone, with an estimate of its images and its evaluations."""
    training, device_sec = trial.training, trial.training.device_sec
    if device_sec is None or "total_kimg" in training.model_fields_set:
        return trial
    if "evaluate_every_kimg" not in training.model_fields_set:
        # As in a study: an eighth of the images that it would see if evaluations took no time.
        free = training.model_copy(update={"evaluate_every_kimg": NEVER})
        interval = eighth(device_sec / estimate_seconds_per_kimg(free))
        training = training.model_copy(update={"evaluate_every_kimg": interval})
    total_kimg = device_sec / estimate_seconds_per_kimg(training)
    return trial.model_copy(update={"training": training.model_copy(update={"total_kimg": total_kimg})})


def _require_training(root: Node, path: str | Path) -> None:
    if not isinstance(root.content, dict):
        raise InputError(
            f"{root.place.label}: one training must be a mapping (lines of `name: value`); write `training:`"
        )
    if "arms" in root.content and "training" not in root.content:
        raise InputError(
            f"{path}: `train` trains one configuration, but got a whole study; run it with "
            f"`python -m gan_study run {path}`, or give the config.json of one of its trials"
        )


def _own_faults(faults: list[Fault], root: Node) -> list[Fault]:
    """Leave out faults about missing values that a correct loss or penalty would fill in from its paper."""
    known = root.child("training")
    if known is None or not {("training", "loss"), ("training", "penalty")} & {fault.path for fault in faults}:
        return faults
    return [f for f in faults if f.path[1:2] not in _PAPER_VALUES or known.child(f.path[1]) is not None]
