"""The director in the shape that Ray Tune asks for: a searcher, a scheduler and a stopper around one object."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray.tune import Stopper
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from gan_study.errors import StorageError
from gan_study.runs.records import LOST_PROCESS
from gan_study.search.director.director import Director
from gan_study.search.trials.messages import TrialOrder, read_abort, read_failure, read_progress


class DirectorSearcher(Searcher):
    """Suggests what the director hands out, and tells it how trials ended."""

    def __init__(self, director: Director, run_folder: str, extra: dict[str, Any]) -> None:
        super().__init__()
        self._director = director
        self._run_folder = run_folder
        self._extra = extra
        self._keys: dict[str, tuple[str, str]] = {}
        self.errors: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        """The next trial's order, None to wait, or Ray's word for the end."""
        if self._director.finished:
            return Searcher.FINISHED
        config = None
        with self._aborting():
            config = self._director.next_trial()
        if config is None:
            return None
        key = self._keys[trial_id] = (config.arm, config.name)
        return {**TrialOrder(config, self._run_folder, self._director.pause_nimg(key)).to_tune(), **self._extra}

    def cur_nimg(self, trial_id: str) -> int:
        """Images at the last evaluation that the director has heard of."""
        return self._director.trials[self._keys[trial_id]].cur_nimg

    def take_in(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Pass a result on to the director; whether the trial is to be stopped."""
        reason = read_abort(result)
        if reason is not None:
            self._director.abort(reason)
            return False
        failure = read_failure(result)
        if failure is not None:
            with self._aborting():
                self._director.hear_of_failure(self._keys[trial_id], failure)
            return False
        progress = read_progress(result)
        stop = False
        with self._aborting():
            stop = progress is not None and self._director.hear(self._keys[trial_id], *progress)
        return stop

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Ray's notice that a Tune trial has ended, well or not."""
        if result is not None:
            self.take_in(trial_id, result)
        reason = self.errors.get(trial_id, f"{LOST_PROCESS}ended before the training did")
        with self._aborting():
            self._director.hear_of_failure(self._keys[trial_id], reason)  # nothing to one that has ended

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        """Where nothing can be written no other trial would fare better: end the whole study, to be resumed."""
        try:
            yield
        except StorageError as error:
            self._director.abort(str(error))

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: the scheduler has taken the result in already."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the run folder holds what a resumed study needs."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as for `save`."""


class DirectorScheduler(FIFOScheduler):
    """Starts trials in the order suggested and stops those that the director gives up."""

    def __init__(self, searcher: DirectorSearcher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Ray's has no annotations
        self._searcher = searcher

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Take a result in and answer with Ray's CONTINUE or STOP.

        Retries count from the last progress, so that a long trial may lose its machine more often than a short one.
        """
        before = self._searcher.cur_nimg(trial.trial_id)
        stop = self._searcher.take_in(trial.trial_id, result)
        if self._searcher.cur_nimg(trial.trial_id) > before and trial.run_metadata.num_failures:
            trial.run_metadata.num_failures = 0
            trial.run_metadata.invalidate_cache()
        return str(TrialScheduler.STOP if stop else TrialScheduler.CONTINUE)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Keep the reason for `DirectorSearcher.on_trial_complete`, which Ray calls next without it."""
        self._searcher.errors[trial.trial_id] = _last_error(trial)


class DirectorStopper(Stopper):
    """Ends the whole experiment once the director has been told to abort."""

    def __init__(self, director: Director) -> None:
        self._director = director

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Stop no single trial."""
        return False

    def stop_all(self) -> bool:
        """Whether the study has been aborted."""
        return self._director.abort_reason is not None


def _last_error(trial: Trial) -> str:
    """What Tune wrote down last of a trial's errors, in one line."""
    text = Path(trial.error_file).read_text() if trial.error_file else ""
    last = text.rpartition("Failure # ")[2]
    lines = [line.strip() for line in last.splitlines()[1:] if line.strip()]
    if not lines:
        return f"{LOST_PROCESS}ended without a word"
    # An exception comes with its traceback, whose last line names it; of a process that died the first line tells.
    return lines[-1] if any(line.startswith('File "') for line in lines) else f"{LOST_PROCESS}died: {lines[0]}"
