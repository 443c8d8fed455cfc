"""Train the trials that a study lacks, and write its report: the work behind `run`, `resume` and `extend`."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from functools import partial
from typing import ParamSpec

from gan_study.analysis.sentences.detectable_difference import seeds_warning
from gan_study.config.reading.load import parse_study
from gan_study.config.study import StudyConfig
from gan_study.errors import GanStudyError, InputError
from gan_study.evaluation.own_code import require_trusted
from gan_study.runs.folder import RunFolder
from gan_study.search.run import run_study
from gan_study.workflow.data_files import fetch_files, fetch_weights
from gan_study.workflow.interruption import Interruption
from gan_study.workflow.progress import Watcher
from gan_study.workflow.run_folder import require_unedited, require_whole

_P = ParamSpec("_P")


def train_and_report(
    folder: RunFolder,
    watcher: Watcher,
    *,
    address: str | None,
    verbose: bool,
    ends_process: bool,
    warn: Callable[[str], None],
    on_loss: Callable[[GanStudyError], None],
    command: str | None = None,
) -> str:
    """Train the trials that are missing in the folder's study, write the report, and return its location.

    Args:
        folder: the run folder, with study.yaml written.
        watcher: sees the study at work.
        address: a running Ray cluster; None starts Ray on this machine.
        verbose: show Ray's own messages.
        ends_process: True if the process ends after an interruption.
        warn: receives a warning about the study.
        on_loss: is called from another thread if the cluster is lost, after which this function may never return.
        command: what has started the study, for the record; None for the command line of this process.

    Raises KeyboardInterrupt after Ctrl-C or SIGTERM, InputError if the folder's study was edited or lacks files, and
    what `run_study` raises. The study can be resumed in each case.
    """
    text = folder.read_study_text()
    study = parse_study(text, f"{folder.location}/study.yaml", is_begun=True)
    require_whole(folder)
    require_unedited(folder, study)
    require_trusted(study.code, folder)
    folder.write_trained_study(text)
    if address is None:
        _fetch(study, folder, watcher.show_stage)  # This comes before Ray, which would start for nothing.
    if warning := seeds_warning(study):
        warn(warning)
    with Interruption(ends_process=ends_process) as interruption, _ray_output_dropped(verbose):
        run_study(
            study,
            folder,
            address=address,
            verbose=verbose,
            command=command,
            on_start=_call_both(watcher.start, interruption.check),
            on_change=_call_both(watcher.update, interruption.check),
            on_stage=_call_both(watcher.show_stage, interruption.check),
            on_progress=_call_both(watcher.show_progress, interruption.check),
            on_loss=on_loss,
        )
    watcher.show_stage("writing the report")
    # Imported here, since Ray's start need not wait for it.
    from gan_study.report.write import write_report

    return write_report(folder)


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


def _call_both(show: Callable[_P, None], check: Callable[[], None]) -> Callable[_P, None]:
    def show_and_check(*args: _P.args, **kwargs: _P.kwargs) -> None:
        show(*args, **kwargs)
        check()

    return show_and_check


@contextmanager
def _ray_output_dropped(verbose: bool) -> Iterator[None]:
    """Drop what Ray prints to sys.stdout at any log level; who shows the progress must hold the real one."""
    with open(os.devnull, "w") as nowhere, nullcontext() if verbose else redirect_stdout(nowhere):
        yield
