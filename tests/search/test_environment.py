"""A study's environment is recorded beside its earlier ones, and its sampler's draws are compared with theirs."""

from pathlib import Path

import pytest
from support.present import present
from support.scripted_world import make_study

from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment
from gan_study.search.cluster import Cluster
from gan_study.search.environment import record_environment

CLUSTER = Cluster(num_cpus=2.0, num_gpus=0.0, hosts=("another",), joined=False)
TPE = make_study(search={"sampler": "tpe"})


def test_going_on_elsewhere_keeps_where_the_study_began(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    began = Environment(versions={"torch": "2.7"}, hosts=("a workstation",), commit="1a2b3c4", command="gan_study run")
    folder.write_environment(began)
    for _ in range(2):  # the second time there is nothing new
        record_environment(folder, CLUSTER, TPE)
        found = present(folder.read_environment())
        assert [each.hosts for each in found.all] == [("a workstation",), ("another",)]
    assert found.earlier[0].commit == "1a2b3c4"
    assert "torch" in found.versions


def begun(place: Path, **changes: object) -> RunFolder:
    """A folder with a trial, whose environment was recorded here and then changed."""
    folder = RunFolder(str(place))
    assert record_environment(folder, CLUSTER, TPE) == ""
    folder.storage.write_text("arms/lsgan/search_000/config.json", "{}")
    environment = folder.read_environment()
    assert environment is not None
    folder.write_environment(environment.model_copy(update=changes))
    return folder


def test_the_same_draws_need_no_word(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    assert record_environment(folder, CLUSTER, TPE) == ""
    environment = folder.read_environment()
    assert environment is not None
    assert environment.sampler == {
        "multivariate": False, "group": False, "n_ei_candidates": 24, "constant_liar": True, "n_startup_trials": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"draws": (1e-4, 8.0), "versions": {"optuna": "4.8.0"}},
            "the sampler tpe draws differently with Optuna 5.0.0 on this machine than with Optuna 4.8.0, with which "
            "this study was trained so far; further trials are not those that one undisturbed run would have tried",
        ),
        (
            {"draws": (), "versions": {"gan_study": "0.9"}},
            "the sampler tpe may draw differently than before: this study was begun with gan_study 0.9, which did not "
            "record its draws; further trials are not those that one undisturbed run would have tried",
        ),
    ],
)
def test_other_draws_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], words: str
) -> None:
    monkeypatch.setattr("gan_study.search.environment.version", lambda name: "5.0.0")
    assert record_environment(begun(tmp_path, **changes), CLUSTER, TPE) == words
