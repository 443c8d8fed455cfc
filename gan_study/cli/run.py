"""The work behind `run`, `resume` and `extend`: train the missing trials, and print the progress and the outcome."""

from typing import NoReturn

from gan_study.cli.terminal.interruption import InterruptionError
from gan_study.cli.terminal.live import Display, make_display
from gan_study.cli.terminal.messages import end_process, print_warning
from gan_study.cli.terminal.outcome import conclude_study, make_console
from gan_study.errors import GanStudyError
from gan_study.runs.folder import RunFolder
from gan_study.workflow.run_folder import resume_command
from gan_study.workflow.train_study import train_and_report


def run_and_report(folder: RunFolder, address: str | None, verbose: bool) -> None:
    """Train the trials that are missing in the folder's study, then write and print the report.

    Raises InterruptionError (after a message with the command that continues), AllTrialsFailedError (after the report),
    and what `train_and_report` raises.
    """
    console = make_console()
    display = make_display(console, live=console.is_terminal and not verbose)
    try:
        place = train_and_report(
            folder,
            display,
            address=address,
            verbose=verbose,
            ends_process=True,
            warn=print_warning,
            on_loss=lambda error: _end_without_ray(display, error),
        )
    except KeyboardInterrupt as error:
        display.stop()
        console.print(
            f"\nInterrupted; nothing that was finished is lost. Go on with:\n  {resume_command(folder, address)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        raise InterruptionError from error
    finally:
        display.stop()
    conclude_study(console, folder, place)


def _end_without_ray(display: Display, error: GanStudyError) -> NoReturn:
    """End the process from any thread: the main one may wait for Ray forever."""
    display.stop()
    end_process(error)
