"""A study's environment is recorded beside its earlier ones, and its sampler's draws are compared with theirs."""

import json
import re
import subprocess
from importlib.metadata import PackageNotFoundError, PathDistribution
from pathlib import Path

import pytest
from support.present import present
from support.scripted_world import make_study

from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment
from gan_study.search.cluster import Host
from gan_study.search.environment import record_environment, record_hosts
from gan_study.search.origin import COMMIT_ENVIRONMENT, commit_and_source

HOSTS = [Host("node-2", "another"), Host("node-1", "a third")]
TPE = make_study(search={"sampler": "tpe"})


def test_going_on_elsewhere_keeps_where_the_study_began(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    began = Environment(versions={"torch": "2.7"}, hosts=("a workstation",), commit="1a2b3c4", command="gan_study run")
    folder.write_environment(began)
    for _ in range(2):  # the second time there is nothing new
        record_environment(folder, HOSTS, TPE)
        found = present(folder.read_environment())
        assert [each.hosts for each in found.all] == [("a workstation",), ("a third", "another")]
        assert found.host_names == ("node-1", "node-2")
    assert found.earlier[0].commit == "1a2b3c4"
    assert "torch" in found.versions


def test_a_machine_that_joins_later_is_added(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    record_environment(folder, HOSTS[1:], TPE)
    record_hosts(folder, HOSTS)
    found = present(folder.read_environment())
    assert (found.host_names, found.hosts, found.earlier) == (("node-1", "node-2"), ("a third", "another"), ())


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in a folder without git, and without pip's record of its installation."""
    monkeypatch.delenv(COMMIT_ENVIRONMENT, raising=False)
    monkeypatch.setattr("gan_study.search.origin.distribution", no_distribution)
    package = tmp_path / "checkout" / "gan_study"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    return package


def no_distribution(name: str) -> None:
    raise PackageNotFoundError(name)


def test_the_commit_is_that_of_the_packages_own_checkout(package: Path) -> None:
    git(package.parent, "init", "-q")
    (package.parent / "notes.txt").touch()
    git(package.parent, "add", "notes.txt")
    git(package.parent, "commit", "-qm", "of another project, below which a package was installed")
    commit, source = commit_and_source(package)
    assert commit is None
    assert source.startswith("the package runs from no git checkout of its own (error: pathspec '__init__.py' did not")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-qm", "its own")
    commit = git(package.parent, "rev-parse", "--short", "HEAD")
    assert commit_and_source(package) == (commit, "the git checkout")
    (package / "__init__.py").write_text("changed = True")
    assert commit_and_source(package) == (f"{commit}+", "the git checkout")


def test_a_copied_package_says_who_stated_its_commit_or_why_it_is_unknown(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, source = commit_and_source(package)
    assert commit is None
    assert re.search(r"no git checkout of its own \(fatal: not a git repository.*GAN_STUDY_COMMIT is not set$", source)
    monkeypatch.setenv(COMMIT_ENVIRONMENT, "1a2b3c4+")
    assert commit_and_source(package) == ("1a2b3c4+", "GAN_STUDY_COMMIT, which the one who started the study set")
    monkeypatch.setenv(COMMIT_ENVIRONMENT, "main")
    with pytest.raises(InputError, match=r"GAN_STUDY_COMMIT: this must be a commit .* got 'main'"):
        commit_and_source(package)


def test_pip_knows_the_commit_that_it_has_installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = package.parents[1] / "gan_study-0.1.0.dist-info"
    folder.mkdir()
    record = {"url": "https://example.org/gan_study.git", "vcs_info": {"vcs": "git", "commit_id": "1a2b3c4d"}}
    (folder / "direct_url.json").write_text(json.dumps(record))
    monkeypatch.setattr("gan_study.search.origin.distribution", lambda name: PathDistribution(folder))
    assert commit_and_source(package) == ("1a2b3c4d", "pip's record of the installation")


def begun(place: Path, **changes: object) -> RunFolder:
    """A folder with a trial, whose environment was recorded here and then changed."""
    folder = RunFolder(str(place))
    assert record_environment(folder, HOSTS, TPE) == ""
    folder.storage.write_text("arms/lsgan/search_000/config.json", "{}")
    environment = folder.read_environment()
    assert environment is not None
    folder.write_environment(environment.model_copy(update=changes))
    return folder


def test_the_same_draws_need_no_word(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    assert record_environment(folder, HOSTS, TPE) == ""
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
    assert record_environment(begun(tmp_path, **changes), HOSTS, TPE) == words
