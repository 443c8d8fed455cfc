"""Reading the parts of a GAN and their signatures from the text of a Python file, which is not run.

A network is a pair, generator and discriminator; a loss is a pair, too; a penalty is one function:

* `<name>_generator(image_size, num_channels, z_dim, ...)` and `<name>_discriminator(image_size, num_channels, ...)`,
  which return modules; or classes `<name>Generator` and `<name>Discriminator` with these parameters; or one class
  `<name>` with methods `generator` and `discriminator`, whose own parameters are those of its `__init__`;
* `<name>_discriminator(real_logits, fake_logits, ...)` and `<name>_generator(real_logits, fake_logits, ...)`;
* `<name>(discriminator, real_images, fake_images, ...)`, with `noise` among them if it needs random numbers.

Every further parameter has a type (bool, int, float, str or a Literal) and a default, and is a hyperparameter.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gan_study.config.names import LOSSES, NETWORKS, PENALTIES
from gan_study.config.own.parts import CodeFile, OwnParameter, OwnPart, PartKind
from gan_study.errors import InputError

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_GENERATOR, _DISCRIMINATOR = ("image_size", "num_channels", "z_dim"), ("image_size", "num_channels")
_LOGITS = ("real_logits", "fake_logits")
_PENALTY = ("discriminator", "real_images", "fake_images")
_SUFFIXES = (("_generator", "_discriminator"), ("Generator", "Discriminator"))
_TYPES = ("bool", "int", "float", "str")
_TAKEN: Mapping[PartKind, tuple[str, ...]] = {"network": NETWORKS, "loss": LOSSES, "penalty": PENALTIES}


@dataclass(frozen=True)
class _Callable:
    """A function, or a class by its `__init__`."""

    line: int
    function: _Function | None
    is_class: bool

    @property
    def arguments(self) -> list[ast.arg]:
        """All parameters by position or keyword, without `self`."""
        if self.function is None:
            return []
        given = self.function.args
        return [*given.posonlyargs, *given.args, *given.kwonlyargs][1 if self.is_class else 0 :]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(argument.arg for argument in self.arguments)

    def starts_with(self, names: Sequence[str]) -> bool:
        return self.names[: len(names)] == tuple(names)


def read_code_file(text: str, file: str, place: str) -> CodeFile:
    """Read the parts of one file.

    Args:
        text: its content.
        file: its name.
        place: its path, for messages.

    Raises InputError with `path:line:column: rule` for each problem.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line, column = (getattr(error, name, None) or 1 for name in ("lineno", "offset"))
        reason = getattr(error, "msg", None) or str(error)
        raise InputError(f"{place}:{line}:{column}: a study's code must be valid Python, but got: {reason}") from error
    reader = _Reader(place)
    parts = dict(reader.parts(tree))
    if reader.problems:
        raise InputError(reader.problems)
    return CodeFile(file=file, sha256=sha256(text.encode()).hexdigest(), parts=parts, place=place)


class _Reader:
    """Finds the parts of a file, and collects its problems."""

    def __init__(self, place: str) -> None:
        self.problems: list[str] = []
        self._place = place

    def parts(self, tree: ast.Module) -> Iterator[tuple[str, OwnPart]]:
        """Yield the parts by name."""
        found = {node.name: _described(node) for node in tree.body if isinstance(node, ast.ClassDef | _Function)}
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        for name, each in found.items():
            if each.starts_with(_PENALTY) and not each.is_class:
                uses = ("noise",) if "noise" in each.names else ()
                yield self._part(name, "penalty", [(each, (*_PENALTY, *uses))], uses)
            elif name in classes and (methods := _methods(classes[name])).keys() >= {"generator", "discriminator"}:
                self._require(methods["generator"], _GENERATOR, f"{name}.generator")
                self._require(methods["discriminator"], _DISCRIMINATOR, f"{name}.discriminator")
                yield self._part(name, "network", [(each, ())])
            for suffixes in _SUFFIXES:
                generator, discriminator = suffixes
                stem = name.removesuffix(discriminator)
                if stem not in (name, "") and stem + generator in found:
                    yield self._pair(stem.rstrip("_"), found[stem + generator], each)

    def _pair(self, name: str, generator: _Callable, discriminator: _Callable) -> tuple[str, OwnPart]:
        if discriminator.starts_with(_LOGITS):
            self._require(generator, _LOGITS, f"{name}_generator")
            uses = ("real_logits",) if _reads(generator.function, "real_logits") else ()
            return self._part(name, "loss", [(generator, _LOGITS), (discriminator, _LOGITS)], uses)
        self._require(discriminator, _DISCRIMINATOR, f"the discriminator of {name}")
        self._require(generator, _GENERATOR, f"the generator of {name}")
        return self._part(name, "network", [(generator, _GENERATOR), (discriminator, _DISCRIMINATOR)])

    def _part(
        self, name: str, kind: PartKind, made_by: Sequence[tuple[_Callable, Sequence[str]]], uses: tuple[str, ...] = ()
    ) -> tuple[str, OwnPart]:
        line = min(each.line for each, _ in made_by)
        if name in _TAKEN[kind]:
            self._report(line, 0, f"{name} is the name of a built-in {kind}; choose another name")
        parameters: dict[str, OwnParameter] = {}
        for each, given in made_by:
            for argument, default in _with_defaults(each):
                if argument.arg not in given:
                    self._add(name, parameters, argument, default)
        return name, OwnPart(kind=kind, line=line, parameters=parameters, uses=uses)

    def _add(self, part: str, parameters: dict[str, OwnParameter], argument: ast.arg, default: ast.expr | None) -> None:
        rule = f"a parameter of {part} needs a type ({', '.join(_TYPES)} or a Literal) and a default, such as "
        example = f"`{argument.arg}: int = 2`"
        kind, choices = _annotated(argument.annotation)
        try:
            value = ast.literal_eval(default) if default is not None else None
        except ValueError:
            value = None
        if argument.arg == "name":
            self._report(argument.lineno, argument.col_offset, f"{part} may not have a parameter called name")
        elif kind is None or value is None:
            written = ast.unparse(argument) + (f" = {ast.unparse(default)}" if default is not None else "")
            self._report(argument.lineno, argument.col_offset, f"{rule}{example}, but got `{written}`")
        else:
            value = float(value) if kind == "float" and type(value) is int else value
            found = OwnParameter.model_construct(type=kind, default=value, choices=choices)
            if (wanted := found.problem(value)) is not None:
                rule = f"the default of {argument.arg} must be {wanted}, but got {value!r}"
                self._report(argument.lineno, argument.col_offset, rule)
            elif parameters.setdefault(argument.arg, found) != found:
                rule = f"both functions of {part} have the parameter {argument.arg}, but its type or default differs"
                self._report(argument.lineno, argument.col_offset, f"{rule}; make them equal")

    def _require(self, each: _Callable, names: Sequence[str], what: str) -> None:
        if not each.starts_with(names):
            got = ", ".join(each.names) or "none"
            self._report(each.line, 0, f"{what} must have the parameters {', '.join(names)} first, but got {got}")

    def _report(self, line: int, column: int, rule: str) -> None:
        self.problems.append(f"{self._place}:{line}:{column + 1}: {rule}")


def _described(node: ast.ClassDef | _Function) -> _Callable:
    if not isinstance(node, ast.ClassDef):
        return _Callable(node.lineno, node, is_class=False)
    init = next((n for n in node.body if isinstance(n, _Function) and n.name == "__init__"), None)
    return _Callable(node.lineno, init, is_class=True)


def _methods(node: ast.ClassDef) -> dict[str, _Callable]:
    return {n.name: _Callable(n.lineno, n, is_class=True) for n in node.body if isinstance(n, _Function)}


def _with_defaults(each: _Callable) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    if each.function is None:
        return
    given = each.function.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(given.defaults)), *given.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    yield from pairs[1 if each.is_class else 0 :]


def _annotated(annotation: ast.expr | None) -> tuple[Any, tuple[Any, ...]]:
    """The type that an annotation names, and the values that it lists; None for any other annotation."""
    text = ast.unparse(annotation).strip("'\"") if annotation is not None else ""
    if text in _TYPES:
        return text, ()
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).split(".")[-1] == "Literal":
        try:
            values = ast.literal_eval(annotation.slice)
        except ValueError:
            return None, ()
        choices = values if isinstance(values, tuple) else (values,)
        kinds = {type(value).__name__ for value in choices}
        return (kinds.pop(), choices) if len(kinds) == 1 and kinds <= set(_TYPES) else (None, ())
    return None, ()


def _reads(function: _Function | None, name: str) -> bool:
    return function is not None and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(function))
