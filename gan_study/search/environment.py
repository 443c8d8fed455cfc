"""The environment of a study for its protocol: versions, machines, commit and the draws of the sampler."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import gan_study
from gan_study.config.study import StudyConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.environment import Environment
from gan_study.search.cluster import Cluster
from gan_study.search.sampling.draws import are_alike, sample_draws
from gan_study.search.sampling.samplers import sampler_settings

_PACKAGES = ("ray", "torch", "torchvision", "optuna", "numpy", "scikit-learn", "plotly")


def record_environment(folder: RunFolder, cluster: Cluster, study: StudyConfig) -> str:
    """Write environment.json, which keeps the environments of earlier runs.

    Returns a warning if the study's sampler draws differently here than for the trials in the folder, else an empty
    string. Raises StorageError if the run folder cannot be written, or holds the file of another version.
    """
    before, now = folder.read_environment(), describe_environment(cluster, study)
    folder.write_environment(now.following(before))
    return _difference(before, now, study.search.sampler) if before is not None and folder.arms() else ""


def describe_environment(cluster: Cluster, study: StudyConfig) -> Environment:
    """Return versions, machines, commit, command line, and settings and draws of the study's sampler."""
    versions = {"gan_study": gan_study.__version__, "python": platform.python_version()}
    return Environment(
        versions=versions | {name: version(name) for name in _PACKAGES},
        hosts=cluster.hosts,
        commit=_commit(),
        command=" ".join(["python -m gan_study", *sys.argv[1:]]),
        sampler=sampler_settings(study),
        draws=sample_draws(study.search.sampler),
    )


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


def _commit() -> str | None:
    """Return the checkout's commit, with a + if files have changed since; None outside a checkout."""
    try:
        git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
