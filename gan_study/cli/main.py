"""The command line: its commands, and the exit status of each error."""

import sys
from typing import Annotated

import typer

from gan_study import __version__
from gan_study.cli.commands import generator_commands, image_commands, study_commands, training_commands
from gan_study.cli.commands.usage import UsageError, print_usage_error
from gan_study.cli.terminal.interruption import InterruptionError, ignore_further, print_notice
from gan_study.cli.terminal.messages import print_error, print_warning
from gan_study.errors import GanStudyError
from gan_study.runs.outage import report_outages

app = typer.Typer(
    name="gan_study",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (study_commands, training_commands, image_commands, generator_commands):
    app.add_typer(commands.app)
_REFUSED = 2
_INTERRUPTED = 130  # 128 + SIGINT, as in shells


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gan_study {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Compare ways of training GANs as a fair experiment: search, confirm, report."""


def main() -> None:
    """Run the command line and end the process with its exit status."""
    report_outages(print_warning)
    try:
        status = app(standalone_mode=False)
        if status == _INTERRUPTED:  # typer returns it in place of the exception
            raise KeyboardInterrupt
        sys.exit(status)
    except UsageError as error:
        print_usage_error(error, sys.argv[1:])
        sys.exit(_REFUSED)
    except GanStudyError as error:
        print_error(error)
        sys.exit(error.exit_status)
    except InterruptionError:
        sys.exit(_INTERRUPTED)
    except KeyboardInterrupt:
        ignore_further()
        print_notice("Interrupted.")
        sys.exit(_INTERRUPTED)
