"""The JSON schema of study files, for completion in editors: `python -m gan_study.config.schema` prints it."""

import json
from typing import Any, Final

from gan_study.config.hyperparameters import HYPERPARAMETERS, PartialHyperparameters, PartialNetwork
from gan_study.config.own.parts import CONDITION_OF, OWN_NAME
from gan_study.config.study import StudyConfig

_OWN_PART = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "pattern": OWN_NAME}}}
"""An own part with values of its parameters, which no schema can know."""

_GROUP: Final[dict[str, Any]] = {
    "description": "Several hyperparameters as one choice, under a name of your own.",
    "type": "object",
    "required": ["choice"],
    "properties": {
        "choice": {"type": "array", "minItems": 1, "items": {"type": "object", "minProperties": 1}},
        "when": {"type": "object"},
    },
    "additionalProperties": False,
}


def study_json_schema() -> dict[str, Any]:
    """The schema of a whole study file (JSON Schema draft 2020-12), with the fields' docstrings as descriptions."""
    schema = StudyConfig.model_json_schema()
    for holder in (schema, schema["$defs"]["ArmConfig"]):
        _name_hyperparameters(holder["properties"]["search_space"])
    for holder in ("ArmConfig", "PartialHyperparameters"):
        for kind in CONDITION_OF:
            schema["$defs"][holder]["properties"][kind]["anyOf"].append(_OWN_PART)
    dataset, config = schema["properties"]["dataset"], schema["$defs"]["DatasetConfig"]["properties"]
    dataset["anyOf"] = [{"$ref": dataset.pop("$ref")}, _OWN_PART]
    for written_by_reader in ("own", "code"):
        del config[written_by_reader]
    schema["properties"]["$schema"] = {"type": "string", "description": "Path of this schema, for editors."}
    _tidy(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A study of gan_study", **schema}


def _name_hyperparameters(search_space: dict[str, Any]) -> None:
    """List every hyperparameter as a property: editors complete properties, but ignore rules about names."""
    search_range = search_space.pop("additionalProperties")
    search_space.pop("propertyNames", None)
    descriptions = _descriptions()
    search_space["properties"] = {name: {"description": descriptions[name], **search_range} for name in HYPERPARAMETERS}
    # Parameters of own parts, which no schema can know.
    search_space["patternProperties"] = {rf"^({'|'.join(CONDITION_OF)})\.[A-Za-z_]\w*$": search_range}
    search_space["additionalProperties"] = {"anyOf": [_GROUP, {"type": "array", "items": _GROUP}]}


def _descriptions() -> dict[str, str]:
    fields = {
        **PartialHyperparameters.model_fields,
        **{f"network.{name}": field for name, field in PartialNetwork.model_fields.items()},
    }
    return {name: fields[name].description or "" for name in HYPERPARAMETERS}


def _tidy(schema: Any) -> None:
    """Drop pydantic's titles, which repeat the names, and the line breaks inside docstrings."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        if isinstance(schema.get("description"), str):
            schema["description"] = " ".join(schema["description"].split())
        for value in schema.values():
            _tidy(value)
    elif isinstance(schema, list):
        for value in schema:
            _tidy(value)


def schema_text() -> str:
    """The schema as the text of studies/study.schema.json."""
    return json.dumps(study_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
