"""Reading a study file into a validated study, with every problem at its place, and writing it back."""

import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES
from gan_study.config.base import KeyPath
from gan_study.config.estimates.longest_training import max_training_kimg
from gan_study.config.groups import group_names
from gan_study.config.reading.files import FileKind, read_text
from gan_study.config.reading.hints import value_text
from gan_study.config.reading.overrides import apply_overrides
from gan_study.config.reading.own_code import own_parameter_names, use_own_code
from gan_study.config.reading.problems import Fault, explain_errors, locate_faults
from gan_study.config.reading.source import Node, Origin, lines_of, parse
from gan_study.config.reading.synonyms import use_own_names
from gan_study.config.rules.cancelled_settings import cancelled_settings
from gan_study.config.rules.check import check_study
from gan_study.config.study import StudyConfig
from gan_study.config.values.intervals import NEVER, NOT_KNOWN_YET, eighth
from gan_study.errors import InputError

DICTIONARY = "study"
"""Name of a study that is given as a dictionary, in messages."""
STUDY_FILE = FileKind("a study", key="arms", suffixes=(".yaml", ".yml"), folder="studies")
_EXPONENT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
"""A number such as 1e-4 in YAML 1.2; PyYAML, whose YAML is older, reads it as a text."""

StudyCheck = Callable[[StudyConfig], Sequence[str]]
"""A further check of a study, beyond its file; returns a complete line for each problem."""
CountImages = Callable[[StudyConfig], int | None]
"""Returns the number of train images in a study's data set; None if its files are missing."""


def load_study(
    study: str | Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    check: StudyCheck | None = None,
    count_images: CountImages | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> StudyConfig:
    """Read a study, with `overrides` (each `dotted.name=value`, as given to --set) applied in order.

    Args:
        study: the study file, or the content of one as a dictionary.
        overrides: values that replace those of the study.
        check: a further check. It also gets a faulty study (without its faulty parts), so that all problems are
            reported at once.
        count_images: counts images where a default depends on their number and only the files show it.
        warn: receives a sentence for each setting that another setting or an option makes ineffective.

    Raises InputError with all problems, in the order of the file, each as `file:line:column: dotted.name: rule`
    (lines and columns count from 1), or as `study: dotted.name: rule` for a dictionary.
    """
    if isinstance(study, Mapping):
        text, origin = json.dumps(_plain(study), ensure_ascii=False), Origin(DICTIONARY, number=1)
    else:
        text, origin = read_text(Path(study), STUDY_FILE), Origin(str(study))
    return parse_study(text, origin, overrides, check=check, count_images=count_images, warn=warn)


def _plain(value: Any) -> Any:
    """A value of a dictionary as JSON can hold it. Raises InputError for one that no study file can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return float(value) if _EXPONENT.fullmatch(value) else value
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__ == "numpy" and value.ndim == 0:
        return value.item()
    raise InputError(
        f"{DICTIONARY}: values must be numbers, texts, true or false, lists and dictionaries of them, but got a "
        f"{type(value).__name__}; write {value!r} as one of these"
    )


def parse_study(
    text: str,
    origin: str | Origin,
    overrides: Sequence[str] = (),
    *,
    is_begun: bool = False,
    check: StudyCheck | None = None,
    count_images: CountImages | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> StudyConfig:
    """Like load_study, for the text of a study.

    origin: the place that messages name.
    is_begun: the text is from a run folder, which an older version may have written.
    """
    place = origin if isinstance(origin, Origin) else Origin(origin)
    root, problems = parse(text, place)
    if root is None:
        raise InputError([str(problem) for problem in problems])
    require_mapping(root)
    problems += apply_overrides(root, overrides, warn)
    use_own_names(root)
    # A dictionary's files lie in the current folder. Without a file, all names of its parts would be unknown.
    if faulty := use_own_code(root, Path(place.name).parent):
        raise InputError(lines_of([*problems, *faulty]))
    study, faults = _validate(root)
    if study is not None and is_begun and "order" not in study.search.model_fields_set:
        # An older version, whose searches had no other order, has written it.
        study = study.model_copy(update={"search": study.search.model_copy(update={"order": "free"})})
    if study is not None:
        study, unknown = _with_interval(study, count_images)
        faults += unknown
    if study is not None:
        arms = root.child("arms")
        has_all_arms = arms is not None and len(study.arms) == len(arms.plain())
        faults += check_study(study, is_begun, has_all_arms)
    problems += locate_faults(faults, root)
    further = check(study) if check is not None and study is not None else ()
    if study is None or problems or further:
        raise InputError([*lines_of(problems), *further])
    for sentence in () if is_begun else cancelled_settings(study):
        warn(sentence)
    return study


def require_mapping(root: Node) -> None:
    """Raise InputError if the text of a study is a list or a single value."""
    if not isinstance(root.content, dict):
        raise InputError(
            f"{root.place.label}: a study must be a mapping (lines of `name: value`), but got {_kind(root)}"
        )


def dump_study(study: StudyConfig) -> str:
    """The resolved study as YAML, which load_study reads back to an equal study."""
    values = study.model_dump(exclude_none=True)
    for holder in (values, *values["arms"].values()):
        holder["search_space"] = {name: _in_one_line(r) for name, r in holder["search_space"].items()}
        for key in ("description", "code", "own", "defaults", "search_space", "first_trial", "trackers"):
            if not holder.get(key, True):
                del holder[key]
    yaml = YAML()
    yaml.width = 110
    stream = io.StringIO()
    yaml.dump(values, stream)
    return stream.getvalue()


def _in_one_line(ranges: dict[str, Any] | tuple[dict[str, Any], ...]) -> Any:
    if isinstance(ranges, tuple):
        return [_in_one_line(search_range) for search_range in ranges]
    line = CommentedMap({kind: list(values) for kind, values in ranges.items() if kind != "when"})
    if ranges["when"]:
        wanted = ((name, list(value) if isinstance(value, tuple) else value) for name, value in ranges["when"].items())
        line["when"] = CommentedMap(wanted)
    line.fa.set_flow_style()
    return line


def _with_interval(study: StudyConfig, count_images: CountImages | None) -> tuple[StudyConfig, list[Fault]]:
    """The study with the default of `evaluate_every_kimg` filled in, if its length is not given in images."""
    budget = study.budget
    if budget.evaluate_every_kimg != NOT_KNOWN_YET:
        return study, []
    num_images = study.dataset.known_train_images
    if budget.epochs is not None and num_images is None:
        num_images = count_images(study) if count_images is not None else None
        if not num_images:
            rule = (
                "with epochs, the default depends on the number of images, but got "
                f"dataset={study.dataset.name}, whose images cannot be counted here; add evaluate_every_kimg"
            )
            return study, [Fault(("budget", "evaluate_every_kimg"), rule)]

    def evaluated(every_kimg: float) -> StudyConfig:
        return study.model_copy(update={"budget": budget.model_copy(update={"evaluate_every_kimg": every_kimg})})

    try:
        # With a budget in seconds, evaluations shorten the training that the interval is an eighth of.
        longest = max_training_kimg(evaluated(NEVER), num_images or ASSUMED_TRAIN_IMAGES)
    except ValidationError:  # check_study reports it
        return study, []
    return evaluated(eighth(longest)), []


def _validate(root: Node) -> tuple[StudyConfig | None, list[Fault]]:
    """The study and its faults. A faulty study comes without its faulty parts, or is None if the rest is no study."""
    values = root.plain()
    context = {"own": own_parameter_names(values) | group_names(values)}
    try:
        return StudyConfig.model_validate(values, strict=True, context=context), []
    except ValidationError as error:
        return _remainder(values, error, context), explain_errors(error, root, StudyConfig)


_STAND_INS: dict[str, Any] = {
    "name": "study",
    "dataset": {"name": "digits"},
    "budget": {"trials_per_arm": 10**6, "total_kimg": 1e9, "evaluate_every_kimg": 1e-9},
}
"""Valid values in place of wrong or missing ones, so that the rest can be checked too."""


def _remainder(values: dict[str, Any], error: ValidationError, context: dict[str, Any]) -> StudyConfig | None:
    """The study without its faulty parts. Removing a part may make its parent incomplete, hence several rounds."""
    for _ in range(4):
        for path in {_innermost(values, details) for details in error.errors()}:
            _take_out(values, path)
        for section, stand_in in _STAND_INS.items():
            if isinstance(stand_in, dict):
                values[section] = {**stand_in, **values.get(section, {})}
            else:
                values.setdefault(section, stand_in)
        try:
            return StudyConfig.model_validate(values, strict=True, context=context)
        except ValidationError as next_error:
            error = next_error
    return None


def _innermost(values: Any, details: ErrorDetails) -> KeyPath:
    """Path of the innermost faulty entry; of the whole arm, if its loss, penalty or network is faulty."""
    location = details["loc"]
    if details["type"] == "missing" and location[0] in _STAND_INS:
        return ()
    if location[0] == "arms" and location[2:3] in (("loss",), ("penalty",), ("network",)):
        return location[:2]
    path: list[str | int] = []
    for part in location:
        if isinstance(values, dict) and part in values:
            values = values[part]
            path.append(part)
    return tuple(path)


def _take_out(values: Any, path: KeyPath) -> None:
    for part in path[:-1]:
        values = values.get(part, {})
    if path:
        values.pop(path[-1], None)


def _kind(node: Node) -> str:
    return "a list" if isinstance(node.content, list) else value_text(node.content)
