"""Print errors and warnings on standard error."""

import os
import sys
from typing import NoReturn

from gan_study.errors import GanStudyError, InputError
from gan_study.runs.secrets import without_secrets

_PREFIX = "error: "


def print_warning(text: str) -> None:
    """Print a line of standard error, without passwords in URIs."""
    print(f"warning: {without_secrets(text)}", file=sys.stderr, flush=True)


def print_error(error: GanStudyError) -> None:
    """Print each of its problems on standard error, without passwords in URIs; further lines of one are indented."""
    for problem in error.problems if isinstance(error, InputError) else (str(error),):
        print(_PREFIX + without_secrets(problem).replace("\n", "\n" + " " * len(_PREFIX)), file=sys.stderr, flush=True)


def end_process(error: GanStudyError) -> NoReturn:
    """Print an error and end the process from any thread, without waiting for the others."""
    print_error(error)
    os._exit(error.exit_status)
