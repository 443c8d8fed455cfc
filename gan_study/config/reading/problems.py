"""Faults in a study's values, in a researcher's words instead of pydantic's."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gan_study.config.base import KeyPath
from gan_study.config.hyperparameters import HYPERPARAMETERS
from gan_study.config.names import ALIASES, CONDITIONS, HINTS
from gan_study.config.reading.hints import choice_text, network_hint, node_at, node_text, remedy
from gan_study.config.reading.model_fields import fields_at, meaning_of
from gan_study.config.reading.own_code import own_hint, own_names
from gan_study.config.reading.source import Node, Problem
from gan_study.config.reading.suggestions import nearest_name, suggestion
from gan_study.config.space import RANGE_KINDS

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping (lines of `name: value`)",
    "model_type": "a mapping (lines of `name: value`)",
    "finite_number": "a finite number",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "below {lt:g}",
    "less_than_equal": "at most {le:g}",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "1 to 64 letters, digits, '_', '-' or '.', the first a letter or digit",
    "too_short": "given at least one entry",
}

_NOT_SEARCHABLE = {
    "network": "search network.name",
    "dataset": "all arms learn the same images; make one study for each data set",
    "dataset.name": "all arms learn the same images; make one study for each data set",
    "dataset.image_size": "all arms learn the same images; make one study for each size",
    "total_kimg": "the budget says how long a training is; set budget.total_kimg",
    "device_sec": "the budget says how long a training is; set budget.device_sec",
    "schedule": "the scheduler pbt makes schedules; set search.scheduler: pbt",
    "evaluate_every_kimg": "all trials are evaluated alike; set budget.evaluate_every_kimg",
    "seed": "every trial has its own; set confirm.seeds to repeat the best ones with fresh seeds",
}
"""Reasons why parts of a training that are not hyperparameters cannot be searched."""


@dataclass(frozen=True)
class Fault:
    """A fault by its path in the study file; `at_key` is True if the name is wrong, not the value."""

    path: KeyPath
    rule: str
    at_key: bool = False


def locate_faults(faults: Iterable[Fault], root: Node) -> list[Problem]:
    """The faults with their places in the user's file or options; a fault in the file names the options involved."""
    options = list(_options(root))
    problems = []
    for fault in faults:
        place = root.place_of(fault.path, fault.at_key)
        involved = () if place.origin else (o.remark for o in options if o.shares_in(fault))
        problems.append(Problem(place, dotted(fault.path), "; ".join([fault.rule, *involved])))
    return problems


@dataclass(frozen=True)
class _Option:
    """A value that an option of the command line has put into the study."""

    path: KeyPath
    label: str

    @property
    def remark(self) -> str:
        return f"{self.path[-1]} is set by {self.label}"

    def shares_in(self, fault: Fault) -> bool:
        """Return True if the fault's rule names this value, and the arm that it is set for."""
        if self.path[0] == "arms" and self.path[:2] != fault.path[:2] and f"arm {self.path[1]}:" not in fault.rule:
            return False
        return re.search(rf"\b{re.escape(str(self.path[-1]))}\b", fault.rule.partition(";")[0]) is not None


def _options(node: Node, path: KeyPath = ()) -> Iterator[_Option]:
    if path and node.place.origin:
        yield _Option(path, node.place.label)
    elif isinstance(node.content, dict):
        for key, child in node.content.items():
            yield from _options(child, (*path, key))


def dotted(path: KeyPath) -> str:
    """A path as text, such as `search_space.g_lr.choice[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def explain_errors(error: ValidationError, root: Node, model: type[BaseModel]) -> list[Fault]:
    """Pydantic's errors in a `model` read from `root`, as faults; all branches of a union make one fault."""
    groups: dict[tuple[KeyPath, bool], list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        location = details["loc"]
        if details["type"] == "default_factory_not_called":
            continue  # it follows from another fault, which is reported
        path = existing_path(root, location)
        if details["type"] == "search_range" and isinstance(path[-1], int) and not _is_mapping(root, path):
            path = path[:-1]  # a list of plain values is one mistake
        if details["type"] == "missing":
            path = (*path, location[-1])
        if details["type"] == "too_short" and details["input"]:
            continue  # the entries are there, and their own faults are reported
        groups.setdefault((path, location[-1:] == ("[key]",)), []).append(details)
    faults = []
    for (path, is_key), group in groups.items():
        if group[0]["type"] == "combination":
            problems = group[0]["ctx"]["problems"].items()
            faults += [Fault((*path, *name.split(".")), rule, at_key=True) for name, rule in problems]
        else:
            faults.append(_key_fault(path, group[0], root) if is_key else _value_fault(path, group, root, model))
    return _without_consequences(faults, {path for (path, _), group in groups.items() if group[0]["type"] == "missing"})


def _without_consequences(faults: list[Fault], missing: set[KeyPath]) -> list[Fault]:
    """Leave out faults that follow from others: keys that are missing because they are misspelt, and ranges of unknown
    hyperparameters.
    """
    meant = {
        (*fault.path[:-1], name)
        for fault in faults
        if fault.at_key and (name := nearest_name(str(fault.path[-1]), (str(p[-1]) for p in missing)))
    }
    wrong_keys = {fault.path for fault in faults if fault.at_key and fault.path[-2:-1] == ("search_space",)}
    return [f for f in faults if f.path not in meant & missing and (f.at_key or f.path not in wrong_keys)]


def _is_mapping(root: Node, path: KeyPath) -> bool:
    return isinstance(node_at(root, path).content, dict)


def existing_path(root: Node, location: Sequence[str | int]) -> KeyPath:
    """The part of pydantic's location that names items of the file; the rest names branches of a union."""
    path: list[str | int] = []
    node = root
    for part in location:
        # The reader moves a value such as loss.margin to `own`.
        whole = node.child(part) is not None
        for piece in [part] if whole or isinstance(part, int) else part.split("."):
            child = node.child(piece)
            if child is not None:
                path.append(piece)
                node = child
    return tuple(path)


def wrong_value(name: str, shown: str, details: Sequence[ErrorDetails]) -> str:
    """`must be <what>, but got <name>=<value>`, from all of pydantic's errors about one value."""
    infinite = [item for item in details if item["type"] == "finite_number"]
    expected = list(dict.fromkeys(_expected(item) for item in infinite or details))
    if len(expected) > 3:  # the union of all kinds of single values
        expected = ["a single number, text, true or false"]
    return f"must be {' or '.join(expected)}, but got {name}={shown}"


def _expected(details: ErrorDetails) -> str:
    pattern = _EXPECTED.get(details["type"])
    return pattern.format(**details.get("ctx", {})) if pattern else f"valid ({details['msg']})"


def _value_fault(path: KeyPath, details: Sequence[ErrorDetails], root: Node, model: type[BaseModel]) -> Fault:
    """The fault of the value at `path`, or of its absence."""
    match details[0]["type"]:
        case "value_error":
            return Fault(path, str(details[0]["ctx"]["error"]))
        case "search_range":
            return _range_fault(path, root)
        case "missing" if isinstance(path[-1], int):
            return _length_fault(path[:-1], root)
        case "too_long":
            return _length_fault(path, root)
        case "missing":
            return Fault(path, f"this key is missing; add it{meaning_of(path, model)}")
        case "extra_forbidden":
            return _unknown_key_fault(path, model, root)
    node = node_at(root, path)
    name = dotted(path[-2:]) if isinstance(path[-1], int) else str(path[-1])
    if path[0] in ("arms", "defaults") and isinstance(node.content, dict) and {*node.content} & {*RANGE_KINDS}:
        rule = f"a range belongs in a search space, but got {name}={node_text(node)}; move it there (search_space)"
        return Fault(path, rule)
    if isinstance(node.content, list) and (searched := _searchable(path)):
        rule = wrong_value(name, node_text(node), details)
        return Fault(path, f"{rule}; to search its values, write {searched}: {choice_text(node)} in search_space")
    if details[0]["type"] == "literal_error" and len(details) == 1:
        topic = _topic(path)
        if isinstance(node.content, dict) and "name" in node.content:  # an own part with values of its parameters
            path, node = (*path, "name"), node.content["name"]
        known = [*_expected_names(details[0]), *own_names(root, topic)]
        ours = HINTS.get((topic, re.sub("[-_]", "", node.text.lower())))
        hint = f"; {ours}" if ours else own_hint(root, topic, str(node.content)) or suggestion(node.text, known)
        return Fault(path, f"unknown {topic} {node_text(node)}{hint}")
    rule = wrong_value(name, node_text(node), details)
    return Fault(path, f"{rule}{remedy(node, details[0]['type'])}{meaning_of(path, model)}")


def _expected_names(details: ErrorDetails) -> list[str]:
    """The names that a pydantic error lists as the expected ones."""
    return [name.strip("'") for name in re.split(", | or ", details["ctx"]["expected"])]


def _searchable(path: KeyPath) -> str | None:
    """The hyperparameter at `path` in an arm or in the defaults, if it can be searched; None for any other path."""
    name = dotted(path[{"arms": 2, "defaults": 1}.get(str(path[0]), len(path)) :])
    return name if name in HYPERPARAMETERS and name != "betas" else None  # betas are a list themselves


def _key_fault(path: KeyPath, details: ErrorDetails, root: Node) -> Fault:
    name = str(path[-1])
    if details["type"] != "literal_error":
        return Fault(path, wrong_value("name", repr(name), [details]), at_key=True)
    if path[-2:-1] == ("when",):
        return Fault(path, f"a range cannot depend on {name!r}{suggestion(name, CONDITIONS)}", at_key=True)
    if name in _NOT_SEARCHABLE:
        return Fault(path, f"{name} cannot be searched: {_NOT_SEARCHABLE[name]}", at_key=True)
    for own in (name, ALIASES.get(name)):
        if f"network.{own}" in HYPERPARAMETERS:
            node = node_at(root, path)
            listed = f": {choice_text(node)}" if isinstance(node.content, list) else ""
            return Fault(path, f"unknown hyperparameter {name!r}; did you mean network.{own}{listed}?", at_key=True)
    return Fault(path, f"unknown hyperparameter {name!r}{suggestion(name, _expected_names(details))}", at_key=True)


def _unknown_key_fault(path: KeyPath, model: type[BaseModel], root: Node) -> Fault:
    key, known = str(path[-1]), fields_at(path[:-1], model)
    if nearest_name(key, known) is None and (hint := network_hint(path, root)):
        return Fault(path, f"unknown key {key!r}; it is a setting of the network: write {hint}", at_key=True)
    sections = [name for name in model.model_fields if key in fields_at((name,), model)]
    if sections and len(path) == 1:
        return Fault(path, f"unknown key {key!r}; did you mean {sections[0]}.{key}?", at_key=True)
    return Fault(path, f"unknown key {key!r}{suggestion(key, known)}", at_key=True)


def _range_fault(path: KeyPath, root: Node) -> Fault:
    node = node_at(root, path)
    if isinstance(node.content, dict) and len(node.content) == 1:
        kind = next(iter(node.content))
        return Fault((*path, kind), f"unknown kind of range {kind!r}{suggestion(kind, RANGE_KINDS)}", at_key=True)
    if isinstance(node.content, list):
        return Fault(path, f"a list is not a range; to search its values, write {path[-1]}: {choice_text(node)}")
    return Fault(
        path,
        f"a search range must have exactly one key out of {', '.join(RANGE_KINDS)}, such as "
        f"{{log_uniform: [1e-5, 1e-2]}}, but got {path[-1]}={node_text(node)}; "
        "a value that is not searched belongs in an arm or in defaults",
    )


def _length_fault(path: KeyPath, root: Node) -> Fault:
    return Fault(
        path,
        f"the ends of a range must be two numbers [low, high], but got {path[-1]}={node_text(node_at(root, path))}",
    )


def _topic(path: KeyPath) -> str:
    """The kind of a name: `dataset` for dataset.name, `penalty` for arms.wgan.penalty, `tracker` for trackers[0]."""
    if isinstance(path[-1], int):
        return str(path[-2]).removesuffix("s")
    return str(path[-2] if path[-1] == "name" else path[-1])
