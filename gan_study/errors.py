"""The errors a user may meet, each with the place, the rule, the value and the way out."""

from collections.abc import Sequence


class GanStudyError(Exception):
    """Base of every error that is printed as a message, not as a traceback.

    `exit_status` is what the command line returns for it.
    """

    exit_status = 2


class InputError(GanStudyError):
    """Something the user gave is wrong: a study file, an option, a folder, a data set.

    Holds all problems that were found together, one complete line each
    (`<place>: <rule>, but got <name>=<value>; <what to do>`).
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class StorageError(GanStudyError):
    """A run folder could not be written or read (no space, no permission, gone)."""


class AllTrialsFailedError(GanStudyError):
    """A study ended without a single trial that has a score."""

    exit_status = 1
