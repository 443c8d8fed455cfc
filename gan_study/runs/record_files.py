"""Reading records from files, with an error that names damaged ones."""

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from gan_study.errors import StorageError
from gan_study.runs.storage import Storage

_R = TypeVar("_R", bound=BaseModel)

_NOT_FINITE = re.compile(
    rb'[:,\[]\s*("?[-+]?(?:NaN|Infinity|\d[\d.]*e\+?(?:309|3[1-9]\d|[4-9]\d\d|\d{4,}))"?)\s*[,}\]]', re.IGNORECASE
)
"""Values that JSON does not know, and numbers beyond 1e308. No record is written with them, but pydantic reads them."""
_WITHOUT = {
    "config.json": "its trial then counts as not begun",
    "status.json": "its trial then counts as unfinished",
    "metrics.jsonl": "its trial then has no scores",
    "diagnosis.json": "`python -m gan_study diagnose` on its trial creates it again",
    "final_scores.json": "its trial then has no final scores",
    "decisions.json": "parts of the study that were cut short then continue",
    "heard.json": "its trial's evaluations then count as answered",
    "environment.json": "the report then leaves it out",
    "study_status.json": "`python -m gan_study resume` writes it again",
    "importance.json": "the report then leaves it out",
}
"""Consequence of removing a file; other files are indispensable."""


def read_records(storage: Storage, name: str, model: type[_R]) -> list[_R]:
    """The records in a file, one on each line; empty without a file. Raises StorageError if a record is damaged or does
    not fit."""
    try:
        lines = storage.read_bytes(name).splitlines()
    except FileNotFoundError:
        return []
    return [_parse(storage, name, line, model, number) for number, line in enumerate(lines, 1)]


def read_record(storage: Storage, name: str, model: type[_R]) -> _R | None:
    """The record in a file; None without a file. Raises StorageError if it is damaged or does not fit."""
    try:
        content = storage.read_bytes(name)
    except FileNotFoundError:
        return None
    return _parse(storage, name, content, model)


def _parse(storage: Storage, name: str, content: bytes, model: type[_R], first_line: int = 1) -> _R:
    if (found := _NOT_FINITE.search(content)) is not None:
        raise _damaged(f"{storage.location}/{name}", f"line {first_line} holds the value {found[1].decode()}", 1)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        place, problems = f"{storage.location}/{name}", error.errors()
        if problems[0]["type"] == "json_invalid":
            raise _damaged(place, str(problems[0]["ctx"]["error"]), first_line) from error
        details = "; ".join(": ".join(map(str, (*e["loc"], e["msg"]))) for e in problems)
        raise StorageError(
            f"{place}: the file does not fit this version of gan_study ({details}); "
            "read it with the version in environment.json"
        ) from error


def _damaged(place: str, reason: str, first_line: int) -> StorageError:
    """The message for a file that is not JSON, with a reason that ends in `at line 1 column 2`."""
    found = re.fullmatch(r"(.*) at line (\d+) column (\d+)", reason)
    if found is not None:
        reason, line, column = found[1], first_line + int(found[2]) - 1, max(1, int(found[3]))
    where = f"{place}:{line}:{column}" if found is not None else place
    without = _WITHOUT.get(place.rpartition("/")[2])
    return StorageError(
        f"{where}: a record must be whole, but this file is cut short or damaged ({reason}); copy it again from where "
        f"the run was made{f', or remove it: {without}' if without else ''}"
    )
