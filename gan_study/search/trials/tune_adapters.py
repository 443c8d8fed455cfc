"""Adapters between the director and Ray Tune's searcher, scheduler and stopper."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray.tune import Stopper
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from gan_study.errors import StorageError
from gan_study.runs.records.status import LOST_PROCESS
from gan_study.search.director.director import Director
from gan_study.search.trials.messages import TrialOrder, read_abort, read_failure, read_progress


class DirectorSearcher(Searcher):
    """Suggests the director's trials to Tune, and passes results and ends of trials to the director."""

    def __init__(self, director: Director, run_folder: str) -> None:
        super().__init__()
        self.director = director
        self._run_folder = run_folder
        self._keys: dict[str, tuple[str, str]] = {}
        self.errors: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        """Return the next trial's order, None to wait, or `Searcher.FINISHED` at the end."""
        if self.director.finished:
            return Searcher.FINISHED
        config = None
        with self._aborting():
            config = self.director.next_trial()
        if config is None:
            return None
        key = self._keys[trial_id] = (config.arm, config.name)
        return TrialOrder(config, self._run_folder, self.director.pause_nimg(key)).to_tune()

    def cur_nimg(self, trial_id: str) -> int:
        """Return the images at the trial's last evaluation that the director has received."""
        return self.director.trials[self._keys[trial_id]].cur_nimg

    def handle_result(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Pass a result on to the director; return True if the trial must stop."""
        reason = read_abort(result)
        if reason is not None:
            self.director.abort(reason)
            return False
        failure = read_failure(result)
        if failure is not None:
            with self._aborting():
                self.director.receive_failure(self._keys[trial_id], failure)
            return False
        progress = read_progress(result)
        stop = False
        with self._aborting():
            stop = progress is not None and self.director.receive_progress(self._keys[trial_id], *progress)
        return stop

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Receive Ray's notice that a Tune trial has ended, with or without an error."""
        if result is not None:
            self.handle_result(trial_id, result)
        reason = self.errors.get(trial_id, f"{LOST_PROCESS}ended before the training did")
        with self._aborting():
            self.director.receive_failure(self._keys[trial_id], reason)  # no effect on a trial that has ended

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        """End the whole study, to be resumed, if the run folder cannot be written: no trial could go on."""
        try:
            yield
        except StorageError as error:
            self.director.abort(str(error))

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Do nothing: the scheduler has handled the result already."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the run folder holds all that a resumed study needs."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing, as in `save`."""


class DirectorScheduler(FIFOScheduler):
    """Starts trials in the suggested order and stops those that the director stops."""

    def __init__(self, searcher: DirectorSearcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Ray's has no annotations
        self._searcher = searcher

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Handle a result and return Ray's CONTINUE or STOP.

        Retries count from the last evaluation, so that a long trial may lose its machine more often than a short one.
        """
        before = self._searcher.cur_nimg(trial.trial_id)
        stop = self._searcher.handle_result(trial.trial_id, result)
        if self._searcher.cur_nimg(trial.trial_id) > before and trial.run_metadata.num_failures:
            trial.run_metadata.num_failures = 0
            trial.run_metadata.invalidate_cache()
        return str(TrialScheduler.STOP if stop else TrialScheduler.CONTINUE)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Keep the reason for `DirectorSearcher.on_trial_complete`, which Ray calls next without one."""
        self._searcher.errors[trial.trial_id] = _last_error(trial)


class DirectorStopper(Stopper):
    """Ends the whole experiment once the director has aborted the study."""

    def __init__(self, director: Director) -> None:
        self._director = director

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Stop no single trial."""
        return False

    def stop_all(self) -> bool:
        """Return True if the study has been aborted."""
        return self._director.abort_reason is not None


def _last_error(trial: Trial) -> str:
    """Return the last of a trial's errors that Tune has written, in one line."""
    text = Path(trial.error_file).read_text() if trial.error_file else ""
    last = text.rpartition("Failure # ")[2]
    lines = [line.strip() for line in last.splitlines()[1:] if line.strip()]
    if not lines:
        return f"{LOST_PROCESS}ended without an error message"
    # A traceback names its exception in the last line; the report of a dead process begins with the reason.
    return lines[-1] if any(line.startswith('File "') for line in lines) else f"{LOST_PROCESS}died: {lines[0]}"
