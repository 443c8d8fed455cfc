"""Records in files, read as the values that they are."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gan_study.errors import StorageError
from gan_study.runs.storage import Storage

_R = TypeVar("_R", bound=BaseModel)


def read_lines(storage: Storage, name: str, model: type[_R]) -> list[_R]:
    """A record on each line; none if the file is not there. Raises StorageError if one does not fit."""
    try:
        lines = storage.read_bytes(name).splitlines()
    except FileNotFoundError:
        return []
    return [_parse(storage, name, line, model) for line in lines]


def read(storage: Storage, name: str, model: type[_R]) -> _R | None:
    """The record in a file; None if it is not there. Raises StorageError if it does not fit."""
    try:
        content = storage.read_bytes(name)
    except FileNotFoundError:
        return None
    return _parse(storage, name, content, model)


def _parse(storage: Storage, name: str, content: bytes, model: type[_R]) -> _R:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        details = "; ".join(": ".join(map(str, (*e["loc"], e["msg"]))) for e in error.errors())
        raise StorageError(
            f"{storage.location}/{name}: the file does not fit this version of gan_study ({details}); "
            "read it with the version in environment.json"
        ) from error
