"""The errors that a user may see, each with the place, the rule, the value and a remedy."""

from collections.abc import Sequence


def printable(text: str) -> str:
    """Escape the characters that a terminal, a JSON file or a report cannot show.

    File names are bytes: Python represents bytes that are not UTF-8 as lone surrogates, which a file in UTF-8 cannot
    hold.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class if the message is empty."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _printable_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


class GanStudyError(Exception):
    """Base of every error that is printed as a message, not as a traceback.

    `exit_status` is what the command line returns for it. The lines of the message are made printable.
    """

    exit_status = 2

    def __init__(self, message: str) -> None:
        super().__init__(_printable_lines(message))


class InputError(GanStudyError):
    """Something the user gave is wrong: a study file, an option, a folder, a data set.

    Holds all problems that were found together, one complete line each
    (`<place>: <rule>, but got <name>=<value>; <what to do>`).
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = tuple(
            map(_printable_lines, [problems] if isinstance(problems, str) else problems)
        )
        super().__init__("\n".join(self.problems))


class MissingGpuError(InputError):
    """Ray has assigned a GPU to a process whose torch cannot use it. The trial itself is not at fault."""


def require_utf8(path: str, what: str) -> None:
    """Raise InputError if a path is not UTF-8: studies, records and reports could not name it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{path}: the path of {what} must be in UTF-8, but got other bytes; rename it, or give a link to it"
        ) from None


class StorageError(GanStudyError):
    """A run folder could not be written or read: no space, no permission, or it is gone."""


class AllTrialsFailedError(GanStudyError):
    """A study ended without a trial that has a score."""

    exit_status = 1
