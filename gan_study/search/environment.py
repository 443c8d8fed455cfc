"""What a study runs with, for its protocol."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import gan_study
from gan_study.runs.environment import Environment
from gan_study.runs.folder import RunFolder
from gan_study.search.cluster import Cluster

_PACKAGES = ("ray", "torch", "torchvision", "optuna", "numpy", "scikit-learn", "plotly")


def record_environment(folder: RunFolder, cluster: Cluster) -> None:
    """Write environment.json; what trainings ran with before is kept in it.

    Raises StorageError if the run folder cannot be written, or holds the file of another version.
    """
    folder.write_environment(describe_environment(cluster).following(folder.read_environment()))


def describe_environment(cluster: Cluster) -> Environment:
    """Versions, machines, commit and command line."""
    versions = {"gan_study": gan_study.__version__, "python": platform.python_version()}
    return Environment(
        versions=versions | {name: version(name) for name in _PACKAGES},
        hosts=cluster.hosts,
        commit=_commit(),
        command=" ".join(["python -m gan_study", *sys.argv[1:]]),
    )


def _commit() -> str | None:
    """The checkout's commit, with a + if files have changed since; None outside a checkout."""
    try:
        git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
