"""Run a study from a notebook or a script."""

import _thread
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

from gan_study.config.reading.load import DICTIONARY, load_study
from gan_study.errors import GanStudyError, InputError
from gan_study.python.messages import warn
from gan_study.python.run import Run, open
from gan_study.report.write import write_report
from gan_study.runs.folder import RunFolder
from gan_study.runs.lock import lock_run_folder
from gan_study.runs.outage import report_outages
from gan_study.runs.secrets import refuse_secrets
from gan_study.runs.storage import Storage
from gan_study.workflow.data_files import count_images
from gan_study.workflow.progress import Progress, ProgressReporter
from gan_study.workflow.requirements import missing_requirements
from gan_study.workflow.run_folder import (
    adopt_free_changes,
    begun_study,
    is_completed,
    refuse_if_begun,
    require_a_score,
)

_REPORT, _WARNING = "report.html", "warning: "


def run(
    study: str | os.PathLike[str] | Mapping[str, Any],
    out: str | os.PathLike[str] = "runs",
    *,
    callback: Callable[[Progress], None] | None = None,
    resume: bool = False,
    address: str | None = None,
    verbose: bool = False,
) -> Run:
    """Search, confirm and report a study, as `python -m gan_study run` does, and open its run folder.

    Ctrl-C ends the study with KeyboardInterrupt, and an exception in the callback ends it with that exception. All that
    was trained up to the last checkpoints is kept, and `resume=True` continues from there.

    Args:
        study: the study file, or its content as a dictionary.
        out: where run folders go, a local path or an s3:// or gs:// URI. The study's own is `<out>/<its name>`.
        callback: receives each piece of news while the study runs; `print` shows it. Without one, nothing is printed.
        resume: continue the study if its run folder exists. One that has ended is only opened.
        address: a running Ray cluster; None starts Ray on this machine, and ends it again.
        verbose: show Ray's own messages.

    Raises:
        InputError: the study is faulty, has begun already, differs from the one to be resumed, or lacks something.
        StorageError: the run folder cannot be written, or no trial can train.
        AllTrialsFailedError: no trial has completed; the report shows why.
        GanStudyError: the cluster is lost. If its head node is, Ray ends the process after a minute instead, and the
            study can be resumed, too.
    """
    report_outages(warn)
    if not isinstance(study, str | os.PathLike | Mapping):
        raise InputError(
            f"run: a study is the path of a file or a dictionary, but got study={study!r} of type "
            f"{type(study).__name__}; give one of these"
        )
    if address is not None:
        refuse_secrets(address)
    source = DICTIONARY if isinstance(study, Mapping) else os.fspath(study)
    cancelled: list[str] = []
    checked = load_study(
        study if isinstance(study, Mapping) else source,
        check=missing_requirements if address is None else None,
        count_images=count_images,
        warn=cancelled.append,
    )
    folder, place = RunFolder(Storage(os.fspath(out)).child(checked.name).location), os.fspath(out)
    news, command = _News(callback), _call(source, place, resume, address)
    with lock_run_folder(folder, warn, news.end_by):
        for sentence in cancelled:
            warn(sentence)
        if resume and folder.is_a_run():
            adopt_free_changes(folder, checked, source, "resume=True")
            if not is_completed(folder):
                _train(folder, news, command, address, verbose)
            elif not folder.storage.exists(_REPORT):
                write_report(folder)
        else:
            remedy = f"continue or open it by adding resume=True, or open it by gan_study.open({folder.location!r})"
            refuse_if_begun(folder, f"out={place}", "out", remedy)
            with begun_study(folder, checked, warn):
                _train(folder, news, command, address, verbose)
    opened = open(folder.location)
    require_a_score(folder, opened.summary, folder.storage.child(_REPORT).location)
    return opened


def _call(source: str, out: str, resume: bool, address: str | None) -> str:
    """The call for the record of the study, as `python -m gan_study ...` is for a command."""
    study = source if source == DICTIONARY else repr(source)
    options = [*(["resume=True"] if resume else []), *([f"address={address!r}"] if address else [])]
    return f"gan_study.run({', '.join([study, repr(out), *options])})"


def _train(folder: RunFolder, news: "_News", command: str, address: str | None, verbose: bool) -> None:
    from gan_study.workflow.train_study import train_and_report  # Ray takes seconds, so it comes after the checks.

    try:
        train_and_report(
            folder,
            ProgressReporter(news.receive),
            address=address,
            verbose=verbose,
            ends_process=False,
            warn=warn,
            on_loss=news.end_by,
            command=command,
        )
    except KeyboardInterrupt:
        if news.error is not None:
            raise news.error from None
        raise KeyboardInterrupt(
            f"{folder.location}: nothing that was finished is lost; go on with the same call and resume=True"
        ) from None


class _News:
    """Passes news on to a callback, and ends the study by KeyboardInterrupt, which neither Ray nor Tune intercepts."""

    def __init__(self, callback: Callable[[Progress], None] | None) -> None:
        self._callback = callback
        self._stdout = sys.stdout  # Meanwhile another one drops what Ray prints.
        self._is_in_main_thread = threading.current_thread() is threading.main_thread()
        self.error: BaseException | None = None
        """The error that ends the study, if it is not a signal."""

    def receive(self, progress: Progress) -> None:
        """Pass news on. Warnings are given as such, too."""
        if self.error is not None:
            raise KeyboardInterrupt
        if progress.message.startswith(_WARNING):
            warn(progress.message.removeprefix(_WARNING))
        if self._callback is None:
            return
        try:
            with redirect_stdout(self._stdout):
                self._callback(progress)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.error = error
            raise KeyboardInterrupt from error

    def end_by(self, error: GanStudyError) -> None:
        """End the study by an error, from any thread: now in the main thread, else with the next piece of news."""
        self.error = error
        if self._is_in_main_thread:
            _thread.interrupt_main()
