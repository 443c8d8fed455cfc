"""The own code of run folders: which of it this machine trusts, and loading it into a process."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from gan_study.config.own.parts import CodeFile
from gan_study.data.places import cache_folder
from gan_study.errors import InputError
from gan_study.own_code import load_code, require_unchanged
from gan_study.runs.folder import RunFolder

_TRUSTED = "trusted_code"
"""Folder in this machine's cache with an empty file for each trusted hash."""

_trusts_all = False


def trust_all() -> None:
    """Trust the code of every run folder that this process opens, and remember it."""
    global _trusts_all
    _trusts_all = True


def trust(code: Sequence[CodeFile]) -> None:
    """Remember that the user of this machine runs this code: they wrote it, or have looked at it."""
    for file in code:
        place = cache_folder() / _TRUSTED / file.sha256
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def require_trusted(code: Sequence[CodeFile], folder: RunFolder) -> None:
    """Raise InputError if a run folder's code was changed, or has never been run on this machine, as after a download.

    Raises StorageError if a file is lost.
    """
    for file in code:
        require_unchanged(placed(file, folder), folder.read_code(file.file))
    if _trusts_all:
        trust(code)
    unknown = [file.file for file in code if not (cache_folder() / _TRUSTED / file.sha256).exists()]
    if unknown:
        raise InputError(
            f"{folder.location}: this run brings code of its own, which this machine has never run, but got no "
            f"--trust-code; read {', '.join(f'{folder.location}/code/{name}' for name in unknown)}, and add "
            "--trust-code if you want to run it"
        )


def load_run_code(code: Sequence[CodeFile], folder: RunFolder) -> None:
    """Load the code of a study from its run folder. Raises InputError if it was changed, StorageError if it is lost."""
    load_code([placed(file, folder) for file in code], lambda file: folder.read_code(file.file))


def load_trusted_code(code: Sequence[CodeFile], folder: RunFolder) -> None:
    """Load code from a run folder if this machine trusts it. Raises InputError, and StorageError if a file is lost."""
    require_trusted(code, folder)
    load_run_code(code, folder)


def placed(file: CodeFile, folder: RunFolder) -> CodeFile:
    """A file with its place in a run folder, for messages."""
    return file.model_copy(update={"place": f"{folder.location}/code/{file.file}"})


def load_given_code(code: Sequence[CodeFile]) -> None:
    """Load code from where the study names it."""
    load_code(code, lambda file: Path(file.place).read_text(encoding="utf-8"))


def keep_code(code: Sequence[CodeFile], folder: RunFolder) -> None:
    """Copy a study's code into its run folder, and trust it, since the user has asked to run it."""
    for file in code:
        if file.place:
            folder.write_code(file.file, Path(file.place).read_text(encoding="utf-8"))
    trust(code)


def require_same_code(given: Sequence[CodeFile], begun: Sequence[CodeFile], folder: RunFolder) -> None:
    """Raise InputError, with the changed lines, if a study's files are not those that its run folder began with."""
    former = {file.file: file for file in begun}
    for file in given:
        known = former.get(file.file)
        if known is None or known.sha256 == file.sha256:
            continue
        before, after = folder.read_code(file.file), Path(file.place).read_text(encoding="utf-8")
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), f"{folder.location}/code/{file.file}", file.place, lineterm="", n=1
        )
        raise InputError(
            [
                f"{file.place}: a study goes on with the code that it began with, but got a changed file; restore it, "
                "or run the changed code as a study of another name",
                *lines,
            ]
        )
