"""YAML 1.2 as nodes with the line and column of every key and value."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from gan_study.config.base import KeyPath, Scalar


@dataclass(frozen=True, order=True)
class Place:
    """A place in the user's file or options. Places sort in reading order: the file first, then the options."""

    origin: int
    line: int
    column: int
    label: str


@dataclass(frozen=True)
class Origin:
    """A text from the user: the study file (number 0), or an option of the command line (from 1)."""

    name: str
    number: int = 0

    def place(self, line: int = 0, column: int = 0) -> Place:
        """The place of a position counted from 0; an option is one place as a whole."""
        label = self.name if self.number else f"{self.name}:{line + 1}:{column + 1}"
        return Place(self.number, line, column, label)


@dataclass(frozen=True, order=True)
class Problem:
    """One complete line of an InputError, ordered by place."""

    place: Place
    path: str
    rule: str

    def __str__(self) -> str:
        is_known = not self.path or self.place.label.startswith(f"--set {self.path}=")
        return f"{self.place.label}: {self.rule}" if is_known else f"{self.place.label}: {self.path}: {self.rule}"


def lines_of(problems: Iterable[Problem]) -> list[str]:
    """The problems as lines, in reading order; a list of known names is given only with the first problem that needs
    it."""
    lines, given = [], set()
    for problem in sorted(problems):
        line, mark, known = str(problem).rpartition(" (known: ")
        lines.append(line if known in given else str(problem))
        given |= {known} if mark else set()
    return lines


@dataclass
class Node:
    """A value of a study file, with its own place and its key's (an item of a list has no key of its own)."""

    content: "dict[str, Node] | list[Node] | Scalar | None"
    place: Place
    key_place: Place
    text: str = ""
    """A single value as it was written."""

    def child(self, part: str | int) -> "Node | None":
        """The node directly under a key or at an index; None if there is none."""
        if isinstance(self.content, dict):
            return self.content.get(str(part))
        if isinstance(self.content, list) and isinstance(part, int) and part < len(self.content):
            return self.content[part]
        return None

    def plain(self) -> Any:
        """The values alone: dictionaries, tuples and scalars."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, list):
            return tuple(node.plain() for node in self.content)
        return self.content

    def place_of(self, path: KeyPath, at_key: bool = False) -> Place:
        """The place of the value (or of the key) at `path`; if it is missing, of the mapping that should hold it."""
        node = self
        for part in path:
            child = node.child(part)
            if child is None:
                return node.place
            node = child
        return node.key_place if at_key else node.place


def parse(text: str, origin: Origin) -> tuple[Node | None, list[Problem]]:
    """The values of a YAML text and its YAML errors; no values if it cannot be parsed at all."""
    try:
        yaml = YAML(typ="safe", pure=True)
        document = yaml.compose(text)
        if document is None:
            return None, [
                Problem(origin.place(), "", "values must be given, but got an empty text; write lines of `name: value`")
            ]
        converter = _Converter(origin, yaml.constructor)
        return converter.node(document), converter.problems
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = origin.place(mark.line, mark.column) if mark else origin.place()
        reason = " ".join(filter(None, [error.problem, error.context and f"({error.context})"]))
    except ReaderError as error:
        before = text[: error.position]
        place = origin.place(before.count("\n"), len(before) - (before.rfind("\n") + 1))
        reason = f"the character {error.character!r} is not allowed"
    except _TooManyValuesError:
        rule = f"a file may hold {_MAX_VALUES:,} values at most, but got more, counting what its anchors (&name) repeat"
        return None, [Problem(origin.place(), "", f"{rule}; write fewer anchors (*name) inside one another")]
    except RecursionError:
        place, reason = origin.place(), "it is nested too deeply, or contains itself"
    return None, [Problem(place, "", f"the text must be valid YAML: {reason}; correct it here or just above")]


_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null"))
_TEXT_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "value"))
_MERGE_TAG = "tag:yaml.org,2002:merge"


_MAX_VALUES = 50_000
"""Most values in a text; anchors that repeat each other could make any number of them."""


_MAX_BITS = 1000
"""Length of the largest whole number. Python refuses to print one of many thousand digits."""


class _TooManyValuesError(Exception):
    pass


@dataclass
class _Converter:
    origin: Origin
    constructor: Any
    problems: list[Problem] = field(default_factory=list)
    num_values: int = 0

    def node(self, source: Any, key_place: Place | None = None) -> Node:
        self._count()
        place = self._place(source)
        if isinstance(source, MappingNode):
            return Node(self._mapping(source), place, key_place or place)
        if isinstance(source, SequenceNode):
            return Node([self.node(item) for item in source.value], place, key_place or place)
        if not source.value and key_place:
            place = key_place  # the parser places the empty value of `key:` at the token after it
        return Node(self._scalar(source), place, key_place or place, source.value)

    def _mapping(self, source: MappingNode) -> dict[str, Node]:
        content: dict[str, Node] = {}
        for key, value in self._own_pairs(source):
            place = self._place(key)
            if not isinstance(key, ScalarNode):
                self._add(place, "", "a key must be a single name, but got a list or a mapping; write `name: value`")
            elif key.value in content:
                first = content[key.value].key_place.line + 1
                self._add(
                    place, key.value, f"a key may appear once, but got it on line {first} already; remove one of them"
                )
            else:
                content[key.value] = self.node(value, place)
        for key, value in self._merged_pairs(source):
            content.setdefault(key.value, self.node(value, self._place(key)))
        return content

    def _own_pairs(self, source: MappingNode) -> Iterator[tuple[Any, Any]]:
        return ((key, value) for key, value in source.value if key.tag != _MERGE_TAG)

    def _merged_pairs(self, source: MappingNode) -> Iterator[tuple[Any, Any]]:
        """The pairs that `<<: *anchor` brings in; the first of several mappings wins."""
        for key, value in source.value:
            if key.tag == _MERGE_TAG:
                for merged in value.value if isinstance(value, SequenceNode) else [value]:
                    self._count()
                    if isinstance(merged, MappingNode):
                        yield from self._own_pairs(merged)
                        yield from self._merged_pairs(merged)
                    else:
                        self._add(self._place(key), "<<", "only mappings can be merged; name an anchored mapping")

    def _scalar(self, source: ScalarNode) -> Scalar | None:
        tag = str(source.tag)
        if tag in _TEXT_TAGS:
            return str(source.value)
        try:
            if tag in _PLAIN_TAGS:
                value: Scalar | None = self.constructor.construct_object(source)
                if not isinstance(value, int) or value.bit_length() <= _MAX_BITS:
                    return value
                self._add(self._place(source), "", f"a number must be below 2^{_MAX_BITS}; write a smaller one")
                return 0
        except (ValueError, YAMLError):
            pass
        self._add(
            self._place(source), "", f"a value must be a number, text, true or false, but got the tag {tag}; remove it"
        )
        return str(source.value)

    def _count(self) -> None:
        self.num_values += 1
        if self.num_values > _MAX_VALUES:
            raise _TooManyValuesError

    def _place(self, source: Any) -> Place:
        return self.origin.place(source.start_mark.line, source.start_mark.column)

    def _add(self, place: Place, path: str, rule: str) -> None:
        self.problems.append(Problem(place, path, rule))
