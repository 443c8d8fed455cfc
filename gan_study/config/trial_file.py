"""Reading of one training's file: the config.json of a trial, or YAML of the same form written by hand."""

from pathlib import Path

from pydantic import ValidationError

from gan_study.config.problems import dotted, existing_path
from gan_study.config.source import Origin, Problem, parse, read_text
from gan_study.config.training import TrialConfig
from gan_study.errors import InputError


def load_trial(path: str | Path) -> TrialConfig:
    """Read a trial's configuration; only `training` must be there, in it `dataset`, `network` and `loss`.

    Raises InputError with all problems found, each as `file:line:column: dotted.name: rule`.
    """
    root, problems = parse(read_text(Path(path)), Origin(str(path)))
    if root is None or problems:
        raise InputError([str(problem) for problem in problems])
    try:
        return TrialConfig.model_validate(root.plain())
    except ValidationError as error:
        found = []
        for details in error.errors(include_url=False):
            place = existing_path(root, details["loc"])
            rule = details["msg"].removeprefix("Value error, ")
            missing = details["loc"][len(place) :] if details["type"] == "missing" else ()
            found.append(Problem(root.place_of(place), dotted((*place, *missing)), rule))
        raise InputError([str(problem) for problem in sorted(found)]) from None
