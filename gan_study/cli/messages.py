"""How a user is told of an error."""

import sys

from gan_study.errors import GanStudyError, InputError

_PREFIX = "error: "


def print_warning(text: str) -> None:
    """Print a line of standard error."""
    print(f"warning: {text}", file=sys.stderr, flush=True)


def print_error(error: GanStudyError) -> None:
    """Print each of its problems on standard error; if one has several lines, the others are indented."""
    for problem in error.problems if isinstance(error, InputError) else (str(error),):
        print(_PREFIX + problem.replace("\n", "\n" + " " * len(_PREFIX)), file=sys.stderr, flush=True)
