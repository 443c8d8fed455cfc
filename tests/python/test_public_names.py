"""The public surface: which names `gan_study` has, that they are typed, and what using them imports."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from support.synthetic_run import write_synthetic_run

import gan_study

METHODS = {
    "Run": {
        "arms",
        "best",
        "figure",
        "figures",
        "location",
        "metrics",
        "name",
        "state",
        "study",
        "summary",
        "trial",
        "trials",
        "verdict",
        "winner",
    },
    "Trial": {
        "arm",
        "config",
        "diagnose",
        "diagnosis",
        "generator",
        "grid",
        "hyperparameters",
        "metrics",
        "name",
        "sample",
        "score",
        "state",
    },
    "Diagnosis": {
        "details",
        "is_failure",
        "is_measured",
        "late_collapse",
        "missing_classes",
        "of",
        "sentence",
        "verdict",
    },
    "Progress": {"elapsed_sec", "message", "num_ended", "num_planned", "score", "seconds_left", "trial"},
}
HEAVY = ("torch", "ray", "optuna")


def test_the_names_are_those_of_the_documents() -> None:
    assert set(gan_study.__all__) == {
        "AllTrialsFailedError",
        "GanStudyError",
        "InputError",
        "StorageError",
        "open",
        "run",
        *METHODS,
    }
    assert set(dir(gan_study)) == {*gan_study.__all__, "__version__"}
    for name in gan_study.__all__:
        assert inspect.getdoc(getattr(gan_study, name)), name
    with pytest.raises(AttributeError, match="has no attribute 'opem'"):
        gan_study.opem  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", METHODS)
def test_the_methods_and_fields_are_public_on_purpose(name: str) -> None:
    kind = getattr(gan_study, name)
    fields = set(getattr(kind, "__dataclass_fields__", ()))
    assert {each for each in {*vars(kind), *fields} if not each.startswith("_")} == METHODS[name]


@pytest.mark.parametrize("place", ["run", "open", "Run.best", "Run.figure", "Run.trial", "Trial.sample", "Trial.grid"])
def test_all_parameters_and_results_are_typed(place: str) -> None:
    found: object = gan_study
    for part in place.split("."):
        found = getattr(found, part)
    assert callable(found)
    signature = inspect.signature(found)
    assert signature.return_annotation is not inspect.Signature.empty
    assert [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"] == []


def imported_by(code: str, folder: Path) -> set[str]:
    """The heavy packages, and pandas and plotly, that a new process in `folder` has imported after running `code`."""
    ending = "\nimport sys; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code + ending], capture_output=True, text=True, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    return {*HEAVY, "pandas", "plotly", "pydantic"} & set(answer.stdout.split())


def test_packages_are_imported_when_they_are_used(tmp_path: Path) -> None:
    write_synthetic_run(str(tmp_path / "runs/x"))
    opened = "import gan_study; run = gan_study.open('runs/x')"
    assert imported_by("import gan_study", tmp_path) == set()
    assert imported_by(f"{opened}; run.arms, run.best('wgan').score", tmp_path) == {"pydantic"}
    everything = f"{opened}; repr(run), run._repr_html_(), run.trials, run.metrics, run.figure('confirmed')"
    assert imported_by(f"{everything}; run.best().diagnosis", tmp_path) == {"pydantic", "pandas", "plotly"}
