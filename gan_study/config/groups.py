"""Groups: several hyperparameters as one choice under a name of the user's own, such as
`pace: {choice: [{g_lr: 1e-4, d_lr: 4e-4}, {g_lr: 2e-4, d_lr: 2e-4}]}`.

The whole program handles a group as one hyperparameter, whose values are texts such as `{d_lr: 0.0004, g_lr: 0.0001}`.
Where a training is made, `expanded` puts the hyperparameters in the text's place.
"""

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticKnownError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gan_study.config.base import Scalar
from gan_study.config.hyperparameters import HYPERPARAMETERS, PARTS, HyperparameterName
from gan_study.config.own.named import listed_names
from gan_study.config.values.augment import augment_to_text
from gan_study.config.values.betas import pair_to_text
from gan_study.config.values.lr_schedules import schedule_to_text


def is_group(name: str) -> bool:
    """Return True if a name of a search space is a user's own, and no hyperparameter's."""
    return name not in HYPERPARAMETERS and "." not in name


def expanded(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Values by name, and those of the hyperparameters that their groups set."""
    found = dict(values)
    for name, text in values.items():
        if is_group(name):
            found |= group_values(str(text))
    return found


def group_text(values: Mapping[str, Scalar]) -> str:
    """One value of a group, such as `{d_lr: 0.0004, g_lr: 0.0001}`; a pair of betas alone is that pair's text."""
    if values.keys() == {"betas"}:
        return str(values["betas"])
    stream = io.StringIO()
    _yaml().dump(dict(sorted(values.items())), stream)
    return stream.getvalue().strip()


@cache
def group_values(text: str) -> Mapping[str, Scalar]:
    """The hyperparameters that one value of a group sets, by dotted name; empty if it is no value of a group."""
    if text.startswith("["):
        return {"betas": text}
    try:
        values = _yaml().load(text) if text.startswith("{") else {}
    except YAMLError:
        return {}
    return values if isinstance(values, dict) else {}


def leaves(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with the parts of shorthands such as `lr` in their place."""
    return tuple(leaf for name in names for leaf in PARTS.get(name, (name,)))


def group_names(values: Mapping[str, Any]) -> set[str]:
    """The names of the groups in the plain values of a study, which may be faulty."""
    arms = values.get("arms")
    holders = [values, *(arms.values() if isinstance(arms, dict) else ())]
    spaces = [holder.get("search_space") for holder in holders if isinstance(holder, dict)]
    return {
        name
        for space in spaces
        for name, ranges in (space.items() if isinstance(space, dict) else ())
        if is_group(name) and any(map(_has_mappings, ranges if isinstance(ranges, list | tuple) else [ranges]))
    }


def _has_mappings(search_range: Any) -> bool:
    choice = search_range.get("choice") if isinstance(search_range, dict) else None
    return isinstance(choice, list | tuple) and any(
        isinstance(value, dict) or (isinstance(value, str) and value.startswith(("{", "["))) for value in choice
    )


def values_to_texts(values: Sequence[Any], info: ValidationInfo) -> tuple[Any, ...]:
    """The values of a choice, those of several parts as their texts.

    Raises pydantic's ValidationError for mappings of unknown hyperparameters, or that do not all set the same ones.
    """
    texts = [_part_to_text(value) for value in values]
    mappings = {i: group_values(text) if isinstance(text, str) else text for i, text in enumerate(texts)}
    mappings = {i: value for i, value in mappings.items() if isinstance(value, Mapping) and value}
    written = {
        i: {name: _part_to_text(part) for name, part in value.items()}
        for i, value in mappings.items()
        if not str(texts[i]).startswith("[")
    }
    if not written:
        return tuple(texts)
    groups = _GROUPS.validate_python(written, strict=True, context=info.context)
    if problems := _set_alike([mappings.get(i, texts[i]) for i in range(len(texts))]):
        raise ValidationError.from_exception_data("group", problems)
    return tuple(group_text(groups[i]) if i in groups else text for i, text in enumerate(texts))


def _set_alike(values: Sequence[Any]) -> list[InitErrorDetails]:
    """The values of a group that do not set each of the same hyperparameters once."""
    first: tuple[str, ...] | None = None
    problems = []
    for index, value in enumerate(values):
        given = leaves(list(value)) if isinstance(value, Mapping) else ()
        names = tuple(sorted(set(given)))
        first = names if first is None else first
        if len(names) < len(given):
            rule = f"a choice sets each hyperparameter once, but got {', '.join(value)}; remove one that sets another"
        elif names != first or not names:
            got = f"{', '.join(names) or value} after {', '.join(first) or values[0]}"
            rule = f"all choices of a group set the same hyperparameters, but got {got}; add what is missing"
        else:
            continue
        error = {"error": ValueError(rule)}
        problems.append(InitErrorDetails(type="value_error", loc=(index,), input=value, ctx=error))
    return problems


def _part_to_text(value: Any) -> Any:
    return augment_to_text(schedule_to_text(pair_to_text(value)))


def _no_group(name: str) -> str:
    if is_group(name):
        raise PydanticKnownError("literal_error", {"expected": listed_names(HYPERPARAMETERS)})
    return name


_GROUPS = TypeAdapter(dict[int, dict[Annotated[HyperparameterName, AfterValidator(_no_group)], Scalar]])


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = True, 10_000
    return yaml


def _one_to_text(value: Any, info: ValidationInfo) -> Any:
    return values_to_texts([value], info)[0]


FirstValue = Annotated[Scalar, BeforeValidator(_one_to_text, json_schema_input_type=Scalar | dict[str, Any])]
"""A value of a searched hyperparameter or of a group."""
