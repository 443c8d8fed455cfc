"""The environment of a study for its protocol: versions, machines, commit and the draws of the sampler."""

import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version

import gan_study
from gan_study.config.study import StudyConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.processor import processor_kind
from gan_study.runs.records.environment import Environment
from gan_study.search.cluster import Host
from gan_study.search.origin import commit_and_source
from gan_study.search.sampling.draws import are_alike, sample_draws
from gan_study.search.sampling.samplers import sampler_settings

_PACKAGES = ("ray", "torch", "torchvision", "optuna", "numpy", "scikit-learn", "plotly")


def record_environment(folder: RunFolder, hosts: Iterable[Host], study: StudyConfig, command: str | None = None) -> str:
    """Write environment.json, which keeps the environments of earlier runs.

    command: what has started the study; None for the command line of this process.

    Returns a warning if the study's sampler draws differently here than for the trials in the folder, else an empty
    string. Raises StorageError if the run folder cannot be written, or holds the file of another version.
    """
    before, now = folder.read_environment(), describe_environment(hosts, study, command)
    folder.write_environment(now.following(before))
    return _difference(before, now, study.search.sampler) if before is not None and folder.arms() else ""


def record_hosts(folder: RunFolder, hosts: Iterable[Host]) -> None:
    """Write the machines that have taken part so far into environment.json."""
    now = folder.read_environment()
    if now is not None:
        folder.write_environment(now.model_copy(update=_host_fields(hosts)))


def describe_environment(hosts: Iterable[Host], study: StudyConfig, command: str | None) -> Environment:
    """Return versions, machines, commit, command, and settings and draws of the study's sampler."""
    commit, source = commit_and_source()
    versions = {"gan_study": gan_study.__version__, "python": platform.python_version()}
    return Environment(
        versions=versions | {name: version(name) for name in _PACKAGES},
        processor=processor_kind(),
        commit=commit,
        commit_source=source,
        command=command or " ".join(["python -m gan_study", *sys.argv[1:]]),
        sampler=sampler_settings(study),
        draws=sample_draws(study.search.sampler),
        **_host_fields(hosts),
    )


def _host_fields(hosts: Iterable[Host]) -> dict[str, tuple[str, ...]]:
    known = sorted(hosts, key=lambda host: host.name)
    return {"hosts": tuple(host.resources for host in known), "host_names": tuple(host.name for host in known)}


def _difference(before: Environment, now: Environment, sampler: str) -> str:
    """Return how the sampler may draw differently from now on; empty if it does not."""
    if are_alike(before.draws, now.draws):
        return ""
    versions = [each.versions.get("optuna", "an unknown version") for each in (before, now)]
    found = (
        f"draws differently with Optuna {versions[1]} on this machine than with Optuna {versions[0]}, with which this "
        "study was trained so far"
        if before.draws
        else f"may draw differently than before: this study was begun with gan_study "
        f"{before.versions.get('gan_study', '(unknown)')}, which did not record its draws"
    )
    return f"the sampler {sampler} {found}; further trials are not those that one undisturbed run would have tried"
