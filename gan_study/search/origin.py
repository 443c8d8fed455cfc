"""The commit of the gan_study that runs, and how it is known. Nothing is guessed."""

import json
import os
import re
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import gan_study
from gan_study.errors import InputError, first_line

COMMIT_ENVIRONMENT = "GAN_STUDY_COMMIT"
"""States the commit where the code was copied without its git folder. Whoever copies the code sets it."""
_PACKAGE = Path(gan_study.__file__).parent
_GIT_LIMIT_SEC = 10


def commit_and_source(package: Path = _PACKAGE) -> tuple[str | None, str]:
    """Return the commit, or None, and in words how it is known or why it is not.

    A + at the commit's end means changes that were not committed. Raises InputError if `GAN_STUDY_COMMIT` is set to
    something else than a commit.
    """
    commit, reason = _from_git(package)
    if commit is not None:
        return commit, "the git checkout"
    if (commit := _from_pip()) is not None:
        return commit, "pip's record of the installation"
    stated = os.environ.get(COMMIT_ENVIRONMENT, "")
    if stated:
        if not re.fullmatch(r"[0-9a-f]{7,40}\+?", stated):
            raise InputError(
                f"{COMMIT_ENVIRONMENT}: this must be a commit such as 1a2b3c4, with a + for changes that were not "
                f"committed, but got {stated!r}; write $(git describe --always --dirty=+ --exclude='*'), or unset it"
            )
        return stated, f"{COMMIT_ENVIRONMENT}, which the one who started the study set"
    return None, f"{reason}, and {COMMIT_ENVIRONMENT} is not set"


def _from_git(package: Path) -> tuple[str | None, str]:
    """Return the commit of the checkout that holds the package, or None and the reason."""
    git = ["git", "-C", str(package)]
    try:
        # A package that pip has installed may lie below the checkout of something else.
        _output([*git, "ls-files", "--error-unmatch", "__init__.py"])
        return _output([*git, "describe", "--always", "--dirty=+", "--exclude=*"]), ""
    except subprocess.CalledProcessError as error:
        return None, f"the package runs from no git checkout of its own ({error.stderr.strip().splitlines()[0]})"
    except (OSError, subprocess.SubprocessError) as error:
        return None, f"git could not be asked ({first_line(error)})"


def _output(command: list[str]) -> str:
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_GIT_LIMIT_SEC)
    return found.stdout.strip()


def _from_pip() -> str | None:
    """Return the commit from which pip has installed the package, which pip records for addresses of git (PEP 610)."""
    try:
        text = distribution("gan_study").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    commit = json.loads(text).get("vcs_info", {}).get("commit_id") if text else None
    return str(commit) if commit else None
