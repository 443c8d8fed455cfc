"""Own parts of a study, such as `my_gans.py:MyGan`, as far as their signatures describe them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from gan_study.config.base import Frozen, Scalar

PartKind = Literal["network", "loss", "penalty", "augment", "dataset"]
OWN_NAME: Final = r"[\w-]+\.py:[A-Za-z_]\w*"
"""The form of an own part's name: a file, and a name in it."""
CONDITION_OF: Final[Mapping[str, str]] = {
    "network": "network.name",
    "loss": "loss",
    "penalty": "penalty",
    "augment": "augment",
}
"""The hyperparameter that names the part of each kind; a data set is no hyperparameter."""

_FORMS: Final[Mapping[str, str]] = {
    "network": "a network is a pair of classes, NameGenerator(image_size, num_channels, z_dim, ...) and "
    "NameDiscriminator(image_size, num_channels, ...), or of functions",
    "loss": "a loss is a pair of functions, name_generator and name_discriminator(real_logits, fake_logits, ...)",
    "penalty": "a penalty is a function (discriminator, real_images, fake_images, ...)",
    "augment": "an augmentation is a function (images, numbers, ...)",
    "dataset": "a data set is a function",
}


class OwnParameter(Frozen):
    """A parameter of an own part, which is a hyperparameter of the trainings that use the part, or a setting of a data
    set."""

    type: Literal["bool", "int", "float", "str"]
    """Type of its values."""
    default: Scalar
    """Value where a study gives none."""
    choices: tuple[Scalar, ...] = ()
    """All possible values, if the signature lists them."""

    @property
    def kind_text(self) -> str:
        """Its type, or all of its values."""
        return " or ".join(map(str, self.choices)) or self.type

    def problem(self, value: Scalar) -> str | None:
        """Return in words which values are right, if `value` is not; None if it is. A whole number is a float, too."""
        known = type(value).__name__
        if known != self.type and not (known == "int" and self.type == "float"):
            return {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "text"}[self.type]
        if self.choices and value not in self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        return None


class OwnPart(Frozen):
    """One part, as its code describes it."""

    kind: PartKind
    """network, loss, penalty, augment or dataset."""
    line: Annotated[int, Field(ge=1)]
    """Line of its definition, or of the first of its two."""
    parameters: dict[str, OwnParameter] = Field(default_factory=dict)
    """Its hyperparameters, or the settings of a data set, by name."""
    uses: tuple[str, ...] = ()
    """The inputs that its code uses, where that decides what it is given: real_logits (in the generator's loss) and
    noise (in a penalty)."""


class CodeFile(Frozen):
    """A file of a study's own code."""

    file: str
    """Its name, also in the run folder's folder `code`."""
    sha256: str
    """Hash of its text."""
    parts: dict[str, OwnPart] = Field(default_factory=dict)
    """Its parts by name."""
    place: Annotated[str, Field(exclude=True)] = ""
    """The path from which it was read; empty for a file of a run folder. Equal files may have different places."""
    others: Annotated[dict[str, str], Field(exclude=True)] = Field(default_factory=dict)
    """Its functions and classes that belong to no part, in words and by name, for messages."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodeFile) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # its parts are dictionaries


def is_own(name: object) -> bool:
    """Return True if a name has the form of an own part's."""
    return isinstance(name, str) and re.fullmatch(OWN_NAME, name) is not None


def own_names_in(value: object) -> list[str]:
    """The names of own parts in a value: itself, or some of several names such as `flip+my_gans.py:wobble`."""
    return [name for name in str(value).split("+") if is_own(name)]


def own_parts(code: Iterable[CodeFile], kind: str | None = None) -> dict[str, OwnPart]:
    """All parts of some files, or those of one kind, by their whole names."""
    return {
        f"{file.file}:{name}": part
        for file in code
        for name, part in file.parts.items()
        if kind is None or part.kind == kind
    }


def code_hashes(code: Iterable[CodeFile]) -> dict[str, str]:
    """The hash of each file by its name."""
    return {file.file: file.sha256 for file in code}


def owner_of(name: str, values: Mapping[str, Scalar]) -> str | None:
    """The own part, or the first of several, that a hyperparameter such as `network.depth` belongs to under `values`;
    None if to none."""
    kind, _, leaf = name.partition(".")
    condition = CONDITION_OF.get(kind)
    if not leaf or condition is None or name == condition:
        return None
    return next(iter(own_names_in(values.get(condition))), None)


def form_hint(code: Iterable[CodeFile], kind: str, name: str) -> str:
    """The form that a kind of part must have, if a name belongs to something else in the code; else an empty text."""
    file, _, bare = name.rpartition(":")
    found = [each.others[bare] for each in code if bare in each.others and file in ("", each.file)]
    return f"; {_FORMS[kind]}, but got {found[0]}" if found and kind in _FORMS else ""


def own_parameters(code: Iterable[CodeFile], values: Mapping[str, Scalar]) -> Iterator[tuple[str, OwnParameter]]:
    """The parameters of the own parts that `values` name, by dotted name."""
    parts = own_parts(code)
    for kind, condition in CONDITION_OF.items():
        for part in (parts[name] for name in own_names_in(values.get(condition)) if name in parts):
            yield from ((f"{kind}.{name}", parameter) for name, parameter in part.parameters.items())


def parameter_names(code: Iterable[CodeFile]) -> set[str]:
    """The dotted names of all own parts' hyperparameters."""
    parts = (part for part in own_parts(code).values() if part.kind in CONDITION_OF)
    return {f"{part.kind}.{name}" for part in parts for name in part.parameters}
