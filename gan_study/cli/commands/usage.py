"""Report a command line that cannot be parsed in one line, like every other error."""

import re
from collections.abc import Sequence
from typing import Any

from typer import BadParameter

from gan_study.cli.terminal.messages import print_error
from gan_study.errors import InputError

UsageError: type[Exception] = BadParameter.__bases__[0]
"""The base error of click, or of the copy of click in newer versions of typer; both have no common name."""

_SURPLUS = re.compile(r"(unexpected extra argument\S* \((?:\S+ ){2}\S+) .*\)$")
"""The message about surplus arguments, of which a * may give thousands; the first three are kept."""


def print_usage_error(error: Any, words: Sequence[str]) -> None:
    """Print a UsageError on standard error: the help if there are no arguments at all, or else the problem."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        print_error(usage_problem(error, words))


def usage_problem(error: Any, words: Sequence[str]) -> InputError:
    """The message for a UsageError; `words` are the command line's arguments after the program's name."""
    context = error.ctx
    option: Any = getattr(error, "param", None)
    if context is not None:
        command = context.command_path
    else:  # The last option lacks its value.
        command = " ".join(["python -m gan_study", *[word for word in words if not word.startswith("-")][:1]])
    # typer refuses the values of numbers only: words are checked where they are used.
    got = _given(option.opts, words) if option is not None and option.param_type_name == "option" else None
    if got is not None:
        name = option.opts[0].lstrip("-")
        return InputError(
            f"--{name}: this must be a whole number{_range(option)}, but got {name.replace('-', '_')}={got}; choose "
            f"another (`{command} --help`)"
        )
    problem = " ".join(error.format_message().split()).rstrip(".")
    problem = _SURPLUS.sub(r"\1 ...)", problem)
    return InputError(f"{command}: {problem[:1].lower()}{problem[1:]}; `{command} --help` lists what is possible")


def _given(names: Sequence[str], words: Sequence[str]) -> str | None:
    """The last value of an option on the command line, as `--num 3` or `--num=3`."""
    values = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        name, has_value, value = word.partition("=")
        if name in names and (has_value or following is not None):
            values.append(value if has_value else following)
    return values[-1] if values else None


def _range(option: Any) -> str:
    kind = option if hasattr(option, "min") else option.type  # typer's own copy of click, or click
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is None:
        return "" if high is None else f" of at most {high}"
    return f" of at least {low}" if high is None else f" from {low} to {high}"
