"""The run folder of a command: claimed for it alone, and checked for lost trials."""

from contextlib import AbstractContextManager
from pathlib import Path

from gan_study.analysis.sentences.number_text import quantity
from gan_study.cli.terminal.messages import end_process, print_warning
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder
from gan_study.workflow.run_folder import places_text


def claim_run_folder(folder: RunFolder) -> AbstractContextManager[None]:
    """Keep other commands out of a run folder until the end of the context; see `lock_run_folder`.

    The process ends at once, with a message, if another command takes the folder over.
    """
    return lock_run_folder(folder, print_warning, end_process)


def warn_of_lost_trials(location: str) -> None:
    """Warn about trials that a command leaves out, if a run folder is at `location`."""
    if "://" not in location and not Path(location).expanduser().is_dir():
        return
    folder = RunFolder(location)
    if folder.is_a_run() and (lost := folder.trials_without_config()):
        print_warning(
            f"{folder.location}: {quantity(len(lost), 'trial')} left out, because config.json is missing in "
            f"{places_text(lost)}; copy the file from a complete copy of the run folder"
        )
