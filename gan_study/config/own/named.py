"""Values that are a name: one of ours, or that of an own part."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Annotated, Any, TypeGuard

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from gan_study.config.names import AUGMENTATIONS, DATASETS, LOSSES, NETWORKS, PENALTIES
from gan_study.config.own.parts import CONDITION_OF, OWN_NAME, is_own
from gan_study.config.values.joined_names import names_to_text


def listed_names(names: tuple[str, ...]) -> str:
    """Names as pydantic lists those that it expected, such as `'r1', 'r2' or 'wgan_gp'`."""
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}" if others else last


def _known(known: tuple[str, ...], name: str) -> str:
    if name in known or is_own(name):
        return name
    raise PydanticKnownError("literal_error", {"expected": listed_names(known)})


def _schema(known: tuple[str, ...], *, listed: bool = False) -> WithJsonSchema:
    ours = {"type": "string", "enum": list(known)}
    lists = [{"type": "array", "items": ours}] if listed else []
    return WithJsonSchema({"anyOf": [ours, *lists, {"type": "string", "pattern": OWN_NAME}]})


Loss = Annotated[str, AfterValidator(partial(_known, LOSSES)), _schema(LOSSES)]
"""A loss of ours, or an own one such as `my_gans.py:my_loss`."""
Penalty = Annotated[
    str, BeforeValidator(names_to_text), AfterValidator(partial(_known, PENALTIES)), _schema(PENALTIES, listed=True)
]
"""A penalty of ours, a list of those that are added, or an own one."""
Network = Annotated[str, AfterValidator(partial(_known, NETWORKS)), _schema(NETWORKS)]
"""A network of ours, or an own one."""
Dataset = Annotated[str, AfterValidator(partial(_known, DATASETS)), _schema(DATASETS)]
"""A data set of ours, or an own one."""


def _names_own(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and is_own(value.get("name"))


def _is_unknown(name: object) -> bool:
    return isinstance(name, str) and name not in (*LOSSES, *PENALTIES, *AUGMENTATIONS)


def _is_own_value(kind: str, name: str, known: Collection[str]) -> bool:
    """A network's settings may be ours; those of others are all but those of own ones."""
    return f"{kind}.{name}" in known or CONDITION_OF[kind] == kind


def collect_own_values(data: Any, known: Collection[str] = ()) -> Any:
    """Move the settings of own parts, such as `loss: {name: my_gans.py:my_loss, margin: 2}`, to `own`.

    Args:
        data: the values of an arm, of the defaults or of a training, before they are checked.
        known: dotted names of all own parts' parameters, which may be given without the name of their part.
    """
    if not isinstance(data, Mapping):
        return data
    values: dict[str, Any] = dict(data)
    own: dict[str, Any] = {}
    for kind, condition in CONDITION_OF.items():
        given = values.get(kind)
        if isinstance(given, list | tuple):  # some of several augmentations
            parts = [item if _names_own(item) else {"name": item} for item in given]
            own |= {f"{kind}.{name}": value for part in parts for name, value in part.items() if name != "name"}
            values[kind] = tuple(part["name"] for part in parts)
        if _names_own(given):
            values[kind] = {"name": given["name"]} if condition != kind else given["name"]
            own |= {f"{kind}.{name}": value for name, value in given.items() if name != "name" and value is not None}
        elif isinstance(given, Mapping) and condition == kind and _is_unknown(given.get("name")):
            values[kind] = given["name"]  # which is then refused
        elif isinstance(given, Mapping) and "name" not in given and any(f"{kind}.{name}" in known for name in given):
            nameless = {name: value for name, value in given.items() if _is_own_value(kind, name, known)}
            own |= {f"{kind}.{name}": value for name, value in nameless.items()}
            values[kind] = {name: value for name, value in given.items() if name not in nameless} or None
    return {**values, "own": {**(values.get("own") or {}), **own}} if own else values
