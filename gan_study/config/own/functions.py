"""The functions and classes of a Python file, as its text describes them."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TYPES = ("bool", "int", "float", "str")
"""Types that a hyperparameter may have, beside a Literal."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Described:
    """A function, or a class by its `__init__`."""

    line: int
    function: _Function | None
    """None for a class whose `__init__` is not in the file."""
    is_class: bool = False
    base: str = ""
    """The class of another file that such a class inherits its `__init__` from, if it inherits from any."""

    @property
    def arguments(self) -> list[tuple[ast.arg, ast.expr | None]]:
        """All parameters by position or keyword with their defaults, without `self`."""
        if self.function is None:
            return []
        given = self.function.args
        positional = [*given.posonlyargs, *given.args]
        defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(given.defaults)), *given.defaults]
        pairs = [*zip(positional, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
        return pairs[1 if self.is_class else 0 :]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(argument.arg for argument, _ in self.arguments)

    def starts_with(self, names: Sequence[str]) -> bool:
        """Return True if the first parameters have these names."""
        return self.names[: len(names)] == tuple(names)

    def reads(self, name: str) -> bool:
        """Return True if the code uses a variable of this name."""
        return self.function is not None and any(
            isinstance(node, ast.Name) and node.id == name for node in ast.walk(self.function)
        )

    @property
    def returned(self) -> set[str]:
        """The values of its return statements as Python text, without those of functions inside it."""
        assert self.function is not None
        return {ast.unparse(n.value) if n.value is not None else "" for n in _returns(self.function.body)}


def described_in(tree: ast.Module) -> tuple[dict[str, Described], dict[str, dict[str, Described]]]:
    """The functions and classes of a file by name, and each class's methods, also those from classes of the file."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    methods = {name: _methods(node, classes, ()) for name, node in classes.items()}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            init = methods[node.name].get("__init__")
            base = _outer_base(node, classes, ()) if init is None else ""
            found[node.name] = Described(
                node.lineno, init.function if init is not None else None, is_class=True, base=base
            )
        elif isinstance(node, _Function):
            found[node.name] = Described(node.lineno, node)
    return found, methods


def annotated(annotation: ast.expr | None) -> tuple[Any, tuple[Any, ...]]:
    """The type that an annotation names, and the values that it lists; None for any other annotation."""
    text = ast.unparse(annotation).strip("'\"") if annotation is not None else ""
    if text in TYPES:
        return text, ()
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).split(".")[-1] == "Literal":
        try:
            values = ast.literal_eval(annotation.slice)
        except ValueError:
            return None, ()
        choices = values if isinstance(values, tuple) else (values,)
        kinds = {type(value).__name__ for value in choices}
        return (kinds.pop(), choices) if len(kinds) == 1 and kinds <= set(TYPES) else (None, ())
    return None, ()


def _methods(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], below: Sequence[str]) -> dict[str, Described]:
    found: dict[str, Described] = {}
    for base in reversed(node.bases):
        name = ast.unparse(base)
        if name in classes and name not in (*below, node.name):
            found |= _methods(classes[name], classes, (*below, node.name))
    return found | {n.name: Described(n.lineno, n, is_class=True) for n in node.body if isinstance(n, _Function)}


def _outer_base(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], below: Sequence[str]) -> str:
    names = [ast.unparse(base) for base in node.bases]
    inner = (classes[name] for name in names if name in classes and name not in (*below, node.name))
    further = (_outer_base(base, classes, (*below, node.name)) for base in inner)
    return next((name for name in names if name not in classes), "") or next(filter(None, further), "")


def _returns(body: Sequence[ast.AST]) -> Iterator[ast.Return]:
    for node in body:
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, _Function | ast.ClassDef | ast.Lambda):
            yield from _returns(list(ast.iter_child_nodes(node)))
