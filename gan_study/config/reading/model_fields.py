"""Fields of pydantic models, by the path of a key in a file."""

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gan_study.config.base import KeyPath


def fields_at(path: KeyPath, model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields of the mapping at `path` in a `model`; none if it may have several forms."""
    annotation: Any = model
    for part in path:
        annotation = _annotation_below(annotation, str(part))
    models = _models_in(annotation)
    return models[0].model_fields if len(models) == 1 else {}


def meaning_of(path: KeyPath, model: type[BaseModel]) -> str:
    """The meaning of a key, in brackets; empty if it has no description."""
    info = fields_at(path[:-1], model).get(str(path[-1]))
    return f" ({' '.join(info.description.split()).rstrip('.')})" if info and info.description else ""


def _annotation_below(annotation: Any, key: str) -> Any:
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    models = _models_in(annotation)
    fields = models[0].model_fields if len(models) == 1 else {}
    return fields[key].annotation if key in fields else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models among the forms (of a union) that a value may have."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    forms = () if get_origin(annotation) in (dict, tuple, Literal) else get_args(annotation)
    return [model for form in forms for model in _models_in(form)]
