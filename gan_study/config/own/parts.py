"""Own parts of a study, such as `my_gans.py:MyGan`, as far as their signatures describe them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from gan_study.config.base import Frozen, Scalar

PartKind = Literal["network", "loss", "penalty"]
OWN_NAME: Final = r"[\w-]+\.py:[A-Za-z_]\w*"
"""The form of an own part's name: a file, and a name in it."""
CONDITION_OF: Final[Mapping[str, str]] = {"network": "network.name", "loss": "loss", "penalty": "penalty"}
"""The hyperparameter that names the part of each kind."""


class OwnParameter(Frozen):
    """A parameter of an own part, which is a hyperparameter of the trainings that use the part."""

    type: Literal["bool", "int", "float", "str"]
    """Type of its values."""
    default: Scalar
    """Value where a study gives none."""
    choices: tuple[Scalar, ...] = ()
    """All possible values, if the signature lists them."""

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
    """network, loss or penalty."""
    line: Annotated[int, Field(ge=1)]
    """Line of its definition, or of the first of its two."""
    parameters: dict[str, OwnParameter] = Field(default_factory=dict)
    """Its hyperparameters by name."""
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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodeFile) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # its parts are dictionaries


def is_own(name: object) -> bool:
    """Return True if a name has the form of an own part's."""
    return isinstance(name, str) and re.fullmatch(OWN_NAME, name) is not None


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
    """The own part that a hyperparameter such as `network.depth` belongs to under `values`; None if to none."""
    kind, _, leaf = name.partition(".")
    condition = CONDITION_OF.get(kind)
    if not leaf or condition is None or name == condition:
        return None
    part = values.get(condition)
    return str(part) if is_own(part) else None


def own_parameters(code: Iterable[CodeFile], values: Mapping[str, Scalar]) -> Iterator[tuple[str, OwnParameter]]:
    """The parameters of the own parts that `values` name, by dotted name."""
    parts = own_parts(code)
    for kind, condition in CONDITION_OF.items():
        part = parts.get(str(values.get(condition)))
        for name, parameter in part.parameters.items() if part is not None else ():
            yield f"{kind}.{name}", parameter


def parameter_names(code: Iterable[CodeFile]) -> set[str]:
    """The dotted names of all own parts' parameters."""
    return {f"{part.kind}.{name}" for part in own_parts(code).values() for name in part.parameters}
