"""The work behind `run`, `resume` and `extend`: train the missing trials, write the report and print the outcome."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from functools import partial
from typing import NoReturn, ParamSpec

from gan_study.analysis.sentences.detectable_difference import seeds_warning
from gan_study.cli.preparation.data_files import fetch_files, fetch_weights
from gan_study.cli.preparation.run_folder import require_unedited, require_whole, resume_command
from gan_study.cli.terminal.interruption import Interruption, InterruptionError
from gan_study.cli.terminal.live import Display, make_display
from gan_study.cli.terminal.messages import end_process, print_warning
from gan_study.cli.terminal.outcome import conclude_study, make_console
from gan_study.config.reading.load import parse_study
from gan_study.config.study import StudyConfig
from gan_study.errors import InputError
from gan_study.runs.folder import RunFolder
from gan_study.search.run import run_study
from gan_study.search.watch import ClusterLostError

_P = ParamSpec("_P")


def run_and_report(folder: RunFolder, address: str | None, verbose: bool) -> None:
    """Train the trials that are missing in the folder's study, then write and print the report.

    Raises InterruptionError (after a message with the command that continues), AllTrialsFailedError (after the report),
    and what `run_study` raises.
    """
    console = make_console()
    text = folder.read_study_text()
    study = parse_study(text, f"{folder.location}/study.yaml", is_begun=True)
    require_whole(folder)
    require_unedited(folder, study)
    folder.write_trained_study(text)
    display = make_display(console, live=console.is_terminal and not verbose)
    try:
        if address is None:
            _fetch(study, folder, display.show_stage)  # This comes before Ray, which would start for nothing.
        if warning := seeds_warning(study):
            print_warning(warning)
        with Interruption() as interruption, _ray_output_dropped(verbose):
            run_study(
                study,
                folder,
                address=address,
                verbose=verbose,
                on_start=_call_both(display.start, interruption.check),
                on_change=_call_both(display.update, interruption.check),
                on_stage=_call_both(display.show_stage, interruption.check),
                on_progress=_call_both(display.show_progress, interruption.check),
                on_loss=lambda error: _end_without_ray(display, error),
            )
        display.show_stage("writing the report")
        # Imported here, since Ray's start need not wait for it.
        from gan_study.report.write import write_report

        place = write_report(folder)
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


def _fetch(study: StudyConfig, folder: RunFolder, say: Callable[[str], None]) -> None:
    """Download missing files where allowed. Raises InputError, which lists all files that cannot be downloaded."""
    problems: list[str] = []
    weights = partial(fetch_weights, study.objective, folder.read_objective(), say)
    for fetch in (partial(fetch_files, study.dataset, say), weights):
        try:
            fetch()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def _end_without_ray(display: Display, error: ClusterLostError) -> NoReturn:
    """End the process from any thread: the main one may wait for Ray forever."""
    display.stop()
    end_process(error)


def _call_both(show: Callable[_P, None], check: Callable[[], None]) -> Callable[_P, None]:
    def show_and_check(*args: _P.args, **kwargs: _P.kwargs) -> None:
        show(*args, **kwargs)
        check()

    return show_and_check


@contextmanager
def _ray_output_dropped(verbose: bool) -> Iterator[None]:
    """Drop what Ray prints to sys.stdout at any log level; the display writes to the real one."""
    with open(os.devnull, "w") as nowhere, nullcontext() if verbose else redirect_stdout(nowhere):
        yield
