"""The work behind `run` and `resume`: train what is missing, write the report, say who won."""

import os
import socket

from rich.console import Console

from gan_study.cli.live import make_display
from gan_study.cli.outcome import print_outcome
from gan_study.config.load import parse_study
from gan_study.errors import AllTrialsFailedError, InputError
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState
from gan_study.search.director import Director
from gan_study.search.run import run_study


def run_and_report(folder: RunFolder, address: str | None, verbose: bool) -> None:
    """Train everything of the folder's study that it does not hold yet, then report.

    Raises KeyboardInterrupt (after saying how to go on), AllTrialsFailedError (after the report), and
    what `run_study` raises.
    """
    console = Console()
    study = parse_study(folder.read_study_text(), f"{folder.location}/study.yaml")
    display = make_display(console, live=console.is_terminal and not verbose)
    try:
        director = run_study(
            study,
            folder,
            address=address,
            verbose=verbose,
            on_start=display.start,
            on_change=display.change,
            on_stage=display.stage,
        )
        display.stage("writing the report")
        place = write_report(folder)
    except KeyboardInterrupt:
        display.stop()
        console.print(
            f"\nInterrupted; nothing that was finished is lost. Go on with:\n  {resume_command(folder, address)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        raise
    finally:
        display.stop()
    print_outcome(console, folder, place)
    if not any(trial.state is TrialState.COMPLETED for trial in director.trials.values()):
        raise AllTrialsFailedError(f"{folder.location}: no trial has completed; {_reasons(director)}; see {place}")


def refuse_if_running(folder: RunFolder) -> None:
    """Raise InputError if another process of this machine is at work on the folder."""
    status = folder.read_study_status()
    if status is None or status.state != "running" or status.host != socket.gethostname() or status.pid is None:
        return
    try:
        os.kill(status.pid, 0)
    except (ProcessLookupError, PermissionError):
        return
    raise InputError(
        f"{folder.location}: a study is run by one process, but got pid={status.pid} still at work on it; "
        "wait for it, or end it first"
    )


def resume_command(folder: RunFolder, address: str | None) -> str:
    """The command line that goes on with a run."""
    return f"python -m gan_study resume {folder.location}" + (f" --address {address}" if address else "")


def _reasons(director: Director) -> str:
    reasons = {status.reason for t in director.trials.values() if (status := t.folder.read_status()) and status.reason}
    return "reasons: " + "; ".join(sorted(reasons)) if reasons else "no reason was recorded"
