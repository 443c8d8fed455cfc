"""How a user is told of an error."""

import sys

from gan_study.errors import GanStudyError


def print_warning(text: str) -> None:
    """Print a line of standard error."""
    print(f"warning: {text}", file=sys.stderr, flush=True)


def print_error(error: GanStudyError) -> None:
    """Print each of its problems as a line of standard error."""
    for problem in str(error).splitlines():
        print(f"error: {problem}", file=sys.stderr, flush=True)
