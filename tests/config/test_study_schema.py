"""The schema for editors is current, and takes and refuses the studies that load_study does."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from gan_study.config.hyperparameters import HYPERPARAMETERS
from gan_study.config.schema import schema_text, study_json_schema

STUDIES = Path(__file__).parents[2] / "studies"


def shipped_study() -> dict[str, Any]:
    values: dict[str, Any] = YAML(typ="safe", pure=True).load(STUDIES / "lsgan_vs_wgan.yaml")
    return values


def faults(values: dict[str, Any]) -> list[str]:
    return [
        ".".join(map(str, error.absolute_path))
        for error in Draft202012Validator(study_json_schema()).iter_errors(values)
    ]


def test_the_file_is_current() -> None:
    written = (STUDIES / "study.schema.json").read_text()
    assert written == schema_text(), "run: python -m gan_study.config.schema > studies/study.schema.json"


def test_is_a_schema() -> None:
    Draft202012Validator.check_schema(study_json_schema())


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_studies_fit_and_name_the_schema(path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=study.schema.json\n")
    assert faults(YAML(typ="safe", pure=True).load(path)) == []


def test_own_parts_fit() -> None:
    values = shipped_study() | {"code": ["layers.py", "mine.py"]}
    named = {kind: {"name": f"mine.py:{kind}", "own": 1} for kind in ("network", "loss", "penalty")}
    values["arms"]["mine"] = named | {"search_space": {"loss.margin": {"uniform": [0, 1]}}}
    assert faults(values) == []
    values["dataset"] = {"name": "mine.py:rings", "radius": 3}
    assert faults(values) == []
    values["arms"]["mine"]["loss"] = {"name": "hinge", "own": 1}
    assert faults(values) != []


def test_a_study_may_name_its_schema_itself() -> None:
    assert faults({"$schema": "study.schema.json", **shipped_study()}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("arms", "wgan", "penalty"), "wgan-gp"),
        (("arms", "wgan", "g_lr"), -1),
        (("arms", "wgan", "network"), {"widht": 3}),
        (("search_space", "g_lr"), {"log_uniform": [1e-3]}),
        (("search_space", "g_lr"), {"log_uniform": [1e-3, 1e-2], "choice": [1]}),
        (("budget", "trials_per_arm"), "8"),
    ],
)
def test_a_wrong_value_does_not_fit(path: tuple[str, ...], value: Any) -> None:
    values = shipped_study()
    holder = values
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    assert len(faults(values)) == 1
    assert ".".join(path).startswith(faults(values)[0])


@pytest.mark.parametrize("path", [(), ("arms", "wgan"), ("arms", "wgan", "search_space"), ("search_space",)])
def test_an_unknown_key_does_not_fit(path: tuple[str, ...]) -> None:
    values = shipped_study()
    holder = values
    for key in path:
        holder = holder[key]
    holder["g_lrr"] = {"uniform": [0, 1]}
    place = ".".join(path)
    assert faults(values) == [f"{place}.g_lrr" if place.endswith("search_space") else place]


def test_groups_fit() -> None:
    values = shipped_study()
    pace = {"choice": [{"g_lr": 1e-4, "network.width": 16}, {"g_lr": 2e-4, "network.width": 32}]}
    values["search_space"] = {"pace": pace, "size": [pace | {"when": {"loss": "hinge"}}]}
    assert faults(values) == []
    values["search_space"]["pace"] = {"choice": [0.1, 0.2]}
    assert faults(values) != []


def test_completion_knows_every_hyperparameter_with_its_meaning() -> None:
    schema = study_json_schema()
    for space in (schema["properties"]["search_space"], schema["$defs"]["ArmConfig"]["properties"]["search_space"]):
        assert tuple(space["properties"]) == HYPERPARAMETERS
        assert space["properties"]["g_lr"]["description"] == "The generator's learning rate."
        assert space["properties"]["network.width"]["description"].startswith("mlp: units")
    arm = schema["$defs"]["ArmConfig"]["properties"]
    assert arm["beta1"]["description"] == "Adam's first decay rate, for both networks; rmsprop has none."


def test_the_schema_is_one_json_text_with_a_final_line_break() -> None:
    assert json.loads(schema_text()) == study_json_schema()
    assert schema_text().endswith("}\n")
