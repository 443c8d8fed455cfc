"""Reading the parts of a GAN and their signatures from the text of a Python file, which is not run.

A network is a pair, generator and discriminator; a loss is a pair, too; the others are one function:

* `<name>_generator(image_size, num_channels, z_dim, ...)` and `<name>_discriminator(image_size, num_channels, ...)`,
  which return modules; or classes `<name>Generator` and `<name>Discriminator` with these parameters; or one class
  `<name>` with methods `generator` and `discriminator`, whose own parameters are those of its `__init__`;
* `<name>_discriminator(real_logits, fake_logits, ...)` and `<name>_generator(real_logits, fake_logits, ...)`;
* `<name>(discriminator, real_images, fake_images, ...)`, with `noise` among them if it needs random numbers;
* `<name>(images, numbers, ...)`, which returns changed images, is an augmentation;
* `<name>(...)`, which ends with `return images` or `return images, labels`, makes a data set, as does any function
  that a study names as its data set. It may take `image_size` and `seed` of the study's data set.

Every further parameter has a type (bool, int, float, str or a Literal) and a default, and is a hyperparameter.
"""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256

from gan_study.config.data import DatasetConfig
from gan_study.config.names import AUGMENTATIONS, DATASETS, LOSSES, NETWORKS, PENALTIES
from gan_study.config.own.functions import TYPES, Described, annotated, described_in
from gan_study.config.own.parts import CodeFile, OwnParameter, OwnPart, PartKind
from gan_study.errors import InputError

_GENERATOR, _DISCRIMINATOR = ("image_size", "num_channels", "z_dim"), ("image_size", "num_channels")
_LOGITS = ("real_logits", "fake_logits")
_AUGMENTATION = ("images", "numbers")
_PENALTY = ("discriminator", "real_images", "fake_images")
_SUFFIXES = (("_generator", "_discriminator"), ("Generator", "Discriminator"))
_TAKEN: Mapping[PartKind, tuple[str, ...]] = {
    "network": NETWORKS,
    "loss": LOSSES,
    "penalty": PENALTIES,
    "augment": AUGMENTATIONS,
    "dataset": DATASETS,
}
_OF_DATASETS = ("image_size", "seed")
"""Settings of the data set that an own one may take."""
_RETURNED = ("images", "(images, labels)")
"""Values that the functions of data sets return, as Python text."""


def read_code_file(text: str, file: str, place: str, datasets: Collection[str] = ()) -> CodeFile:
    """Read the parts of one file.

    Args:
        text: its content.
        file: its name.
        place: its path, for messages.
        datasets: names of functions that a study uses as data sets.

    Raises InputError with `path:line:column: rule` for each problem.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line, column = (getattr(error, name, None) or 1 for name in ("lineno", "offset"))
        reason = getattr(error, "msg", None) or str(error)
        raise InputError(f"{place}:{line}:{column}: a study's code must be valid Python, but got: {reason}") from error
    reader = _Reader(place, datasets)
    parts = dict(reader.parts(tree))
    if reader.problems:
        raise InputError(reader.problems)
    others = dict(reader.others())
    return CodeFile(file=file, sha256=sha256(text.encode()).hexdigest(), parts=parts, place=place, others=others)


class _Reader:
    """Finds the parts of a file, and collects its problems."""

    def __init__(self, place: str, datasets: Collection[str]) -> None:
        self.problems: list[str] = []
        self._place, self._datasets = place, datasets
        self._found: dict[str, Described] = {}
        self._used: set[str] = set()

    def parts(self, tree: ast.Module) -> Iterator[tuple[str, OwnPart]]:
        """Yield the parts by name."""
        self._found, methods = described_in(tree)
        for name, each in self._found.items():
            own = methods.get(name, {})
            if each.starts_with(_PENALTY) and not each.is_class:
                uses = ("noise",) if "noise" in each.names else ()
                yield self._part(name, "penalty", [(name, (*_PENALTY, *uses))], uses)
            elif each.starts_with(_AUGMENTATION) and not each.is_class:
                yield self._part(name, "augment", [(name, _AUGMENTATION)])
            elif own.keys() >= {"generator", "discriminator"}:
                self._require(own["generator"], _GENERATOR, f"{name}.generator")
                self._require(own["discriminator"], _DISCRIMINATOR, f"{name}.discriminator")
                yield self._part(name, "network", [(name, ())])
            elif not each.is_class and (name in self._datasets or (name not in DATASETS and _makes_images(each))):
                yield self._part(name, "dataset", [(name, _OF_DATASETS)])
            for first, second in _SUFFIXES:
                stem = name.removesuffix(second)
                if stem not in (name, "") and stem + first in self._found:
                    yield self._pair(stem.rstrip("_"), stem + first, name)

    def others(self) -> Iterator[tuple[str, str]]:
        """Functions and classes that belong to no part, with their places and forms; those of half a pair by its name.

        They are known after `parts` has come to its end.
        """
        for name, each in self._found.items():
            if name in self._used:
                continue
            yield name, f"{self._place}:{each.line}: {name}({', '.join(each.names)})"
            for both in (*_SUFFIXES, *(pair[::-1] for pair in _SUFFIXES)):
                stem = name.removesuffix(both[0])
                if stem not in (name, ""):
                    yield stem.rstrip("_"), f"{self._place}:{each.line}: {name} without {stem}{both[1]}"

    def _pair(self, name: str, first: str, second: str) -> tuple[str, OwnPart]:
        generator, discriminator = self._found[first], self._found[second]
        if discriminator.starts_with(_LOGITS) or generator.starts_with(_LOGITS):
            self._require(generator, _LOGITS, first)
            self._require(discriminator, _LOGITS, second)
            uses = ("real_logits",) if generator.reads("real_logits") else ()
            return self._part(name, "loss", [(first, _LOGITS), (second, _LOGITS)], uses)
        if not (generator.is_class or {*generator.names, *discriminator.names} & {*_GENERATOR}):
            rule = f"{second} must have the parameters {', '.join(_LOGITS)} first, as part of a loss, or "
            got = ", ".join(discriminator.names) or "none"
            rule += f"{', '.join(_DISCRIMINATOR)}, as part of a network, but got {got}; rename them"
            self._report(discriminator.line, 0, rule)
        else:
            self._require(discriminator, _DISCRIMINATOR, second)
            self._require(generator, _GENERATOR, first)
        return self._part(name, "network", [(first, _GENERATOR), (second, _DISCRIMINATOR)])

    def _part(
        self, name: str, kind: PartKind, made_by: Sequence[tuple[str, Sequence[str]]], uses: tuple[str, ...] = ()
    ) -> tuple[str, OwnPart]:
        self._used |= {each for each, _ in made_by}
        line = min(self._found[each].line for each, _ in made_by)
        if name in _TAKEN[kind]:
            self._report(line, 0, f"{name} is the name of a built-in {kind}; choose another name")
        parameters: dict[str, OwnParameter] = {}
        for each, given in made_by:
            for argument, default in self._found[each].arguments:
                if argument.arg not in given:
                    taken = DatasetConfig.model_fields if kind == "dataset" else ("name",)
                    self._add(name, parameters, argument, default, taken)
        return name, OwnPart(kind=kind, line=line, parameters=parameters, uses=uses)

    def _add(
        self,
        part: str,
        parameters: dict[str, OwnParameter],
        argument: ast.arg,
        default: ast.expr | None,
        taken: Collection[str],
    ) -> None:
        rule = f"a parameter of {part} needs a type ({', '.join(TYPES)} or a Literal) and a default, such as "
        example = f"`{argument.arg}: int = 2`"
        kind, choices = annotated(argument.annotation)
        try:
            value = ast.literal_eval(default) if default is not None else None
        except ValueError:
            value = None
        if argument.arg in taken:
            rule = f"{part} may not have a parameter called {argument.arg}, which is a setting already"
            self._report(argument.lineno, argument.col_offset, f"{rule}; choose another name")
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

    def _require(self, each: Described, names: Sequence[str], what: str) -> None:
        if each.starts_with(names):
            return
        got = ", ".join(each.names) or "none"
        rule = f"{what} must have the parameters {', '.join(names)} first, but got {got}"
        if each.base and each.function is None:
            rule += f" in this file, since {each.base} has its `__init__`; write one that calls super().__init__()"
        self._report(each.line, 0, rule)

    def _report(self, line: int, column: int, rule: str) -> None:
        self.problems.append(f"{self._place}:{line}:{column + 1}: {rule}")


def _makes_images(each: Described) -> bool:
    """Return True if a function has the form of a data set's."""
    return (
        bool(each.returned)
        and each.returned <= set(_RETURNED)
        and all(
            argument.arg in _OF_DATASETS or (default is not None and annotated(argument.annotation)[0] is not None)
            for argument, default in each.arguments
        )
    )
