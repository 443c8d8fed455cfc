"""The own parts of a study or of one training: finding their files, and their names among its values."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gan_study.config.names import DATASETS
from gan_study.config.own.parts import (
    CONDITION_OF,
    CodeFile,
    code_hashes,
    form_hint,
    is_own,
    own_parts,
    parameter_names,
)
from gan_study.config.own.signatures import read_code_file
from gan_study.config.reading.source import Node, Place, Problem
from gan_study.config.reading.suggestions import nearest_name
from gan_study.config.reading.synonyms import names_in
from gan_study.errors import InputError, first_line

_FILE_NAME = r"[\w-]+\.py"
_CODE = TypeAdapter(tuple[CodeFile, ...])
_KEYS = {**{condition: kind for kind, condition in CONDITION_OF.items()}, "network": "network", "dataset": "dataset"}
"""Keys whose values name a part, with its kind."""


def use_own_code(root: Node, folder: Path, label: str = "") -> list[Problem]:
    """Read the files of own code that a study names, write what they say under `code`, and complete the parts' names.

    Args:
        root: the study, or one training, with the values as they were written.
        folder: the folder that the paths of its files start from.
        label: dotted name of `root` in its file, with a dot at its end.

    A run folder's study holds what the files say already. Returns the problems of the files.
    """
    if not isinstance(root.content, dict):
        return []
    named, listed = list(_named(root)), root.content.get("code")
    if listed is not None and _is_read(listed):
        return []
    files: dict[str, CodeFile] = {}
    problems: list[Problem] = []
    datasets = {_bare(node) for kind, node in named if kind == "dataset" and node.content not in DATASETS}
    for path, place in _paths(listed, named):
        try:
            file = read_file(folder / path, datasets)
            if file.file in files and file != files[file.file]:
                raise InputError(f"two files of own code need different names, but got {file.file} twice; rename one")
            files[file.file] = file
        except InputError as error:
            problems += [Problem(place, f"{label}code", text) for text in error.problems]
    if files:
        code = list(files.values())
        problems += _complete_names(named, code)
        facts = [{**file.model_dump(), "place": file.place, "others": file.others} for file in code]
        root.content["code"] = _node(facts, root.place)
        _note_files(root.child("dataset"), code)
    return problems


def _note_files(dataset: Node | None, code: Sequence[CodeFile]) -> None:
    """Write the hashes of an own data set's file, and of those that it may import, beside its name."""
    name = dataset.child("name") if dataset is not None else None
    if dataset is None or name is None or not isinstance(dataset.content, dict) or not is_own(name.content):
        return
    hashes, own = code_hashes(code), str(name.content).partition(":")[0]
    if own in hashes:
        needed = dict(list(hashes.items())[: list(hashes).index(own) + 1])
        dataset.content["code"] = _node(needed, dataset.place)


def own_parameter_names(values: dict[str, Any]) -> set[str]:
    """The dotted names of the own parts' parameters in the plain values of a study; none if its code is faulty."""
    try:
        return parameter_names(_CODE.validate_python(values.get("code", ())))
    except ValidationError:
        return set()


def own_names(root: Node, kind: str) -> list[str]:
    """The names of own parts of one kind, without their files, in a study that `use_own_code` has completed."""
    return [whole.rpartition(":")[2] for whole in own_parts(_code(root), kind)]


def own_hint(root: Node, kind: str, name: str) -> str:
    """The form of a kind of part, if an unknown name belongs to something else in a study's code; else empty."""
    return form_hint(_code(root), kind, name)


def _code(root: Node) -> tuple[CodeFile, ...]:
    found = root.child("code")
    try:
        return _CODE.validate_python(found.plain() if found is not None else ())
    except ValidationError:
        return ()


def _bare(node: Node) -> str:
    return str(node.content).rpartition(":")[2]


def _named(node: Node, key: str = "") -> Iterator[tuple[str, Node]]:
    """The kind and the node of each value that names a network, a loss, a penalty or a data set."""
    if isinstance(node.content, list):
        for item in node.content:
            yield from _named(item, key)
    for name, child in node.content.items() if isinstance(node.content, dict) else ():
        kind = _KEYS.get(key, "") if name == "name" else _KEYS.get(name, "")
        for value in names_in(child) if kind else ():
            yield kind, value
        yield from _named(child, name)


def _is_read(listed: Node) -> bool:
    items = listed.content if isinstance(listed.content, list) else []
    return bool(items) and all(isinstance(item.content, dict) for item in items)


def _paths(listed: Node | None, named: Iterable[tuple[str, Node]]) -> Iterator[tuple[str, Place]]:
    """The path of each file, and its place in the study."""
    given = () if listed is None else listed.content if isinstance(listed.content, list) else (listed,)
    known = set()
    for item in given:
        if isinstance(item.content, str):
            known.add(Path(item.content).name)
            yield item.content, item.place
    for _, node in named:
        file = str(node.content).rpartition(":")[0]
        if is_own(node.content) and file not in known:
            known.add(file)
            yield file, node.place


def read_file(path: Path, datasets: Collection[str] = ()) -> CodeFile:
    """Read the parts of a file of own code. Raises InputError.

    datasets: names of functions that a study uses as data sets.
    """
    if not re.fullmatch(_FILE_NAME, path.name):
        raise InputError(
            f"a file of own code is called by letters, digits, '_', '-' and .py, but got {path.name}; rename it"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        near = nearest_name(path.name, (other.name for other in path.parent.glob("*.py") if other != path))
        raise InputError(
            f"a file of own code must be there, beside the study or where the path leads from it, but got {path} "
            f"({first_line(error)}); {f'did you mean {near!r}?' if near else 'correct the path'}"
        ) from error
    return read_code_file(text, path.name, str(path), datasets)


def _complete_names(named: Iterable[tuple[str, Node]], code: list[CodeFile]) -> Iterator[Problem]:
    """Replace the bare names of own parts, such as `MyGan`, by whole ones; yield those that parts of two files have."""
    for kind, node in named:
        wholes = [whole for whole in own_parts(code, kind) if whole.rpartition(":")[2] == node.content]
        if len(wholes) == 1:
            node.content = wholes[0]
        elif wholes:
            rule = f"two files have a {kind} of this name, but got {node.content}; write {' or '.join(wholes)}"
            yield Problem(node.place, "", rule)


def _node(value: Any, place: Place) -> Node:
    if isinstance(value, dict):
        return Node({str(name): _node(inner, place) for name, inner in value.items()}, place, place)
    if isinstance(value, list | tuple):
        return Node([_node(inner, place) for inner in value], place, place)
    return Node(value, place, place, str(value))
