"""Callbacks that send every evaluation to TensorBoard, MLflow and Weights & Biases, the last two by Ray's own code.

Ray's callbacks identify a Tune trial by a number, and receive its configuration and results as the JSON texts that
driver and trials exchange. So they receive stand-ins: a trial's name is `<arm>/<trial>`, its configuration the
hyperparameters, its step the number of images seen, its folder `<run folder>/trackers/<tracker>/<arm>/<trial>`.

A trial that is started again within one command continues its run in the tracker. After `resume`, an unfinished trial
continues its run in TensorBoard, which reads all files of a folder as one run; the evaluations from the checkpoint on
appear there twice, with equal values. In MLflow and W&B it begins a second run of the same name, as Ray's callbacks do.

Nothing leaves this machine unless the user asks for it: MLflow writes an SQLite file unless MLFLOW_TRACKING_URI names a
server, and W&B is offline (`wandb sync` sends its folders later) unless WANDB_MODE is online.
"""

import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from ray.air.constants import TRAINING_ITERATION
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.logger import LoggerCallback

from gan_study.config.names import TrackerName
from gan_study.errors import first_line
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.runs.secrets import without_secrets
from gan_study.search.trackers.tensorboard import TensorboardLogger
from gan_study.search.trackers.tracked_trial import TrackedTrial
from gan_study.search.trials.messages import TrialOrder, read_progress, tracker_numbers

_PROJECT = "gan_study"
"""W&B's project, unless WANDB_PROJECT names one. The group is the study."""
_SEND_LIMIT_SEC = 60
"""Seconds to wait for W&B at the end of a study."""


class Tracking(Callback):
    """Passes Tune's notices on to Ray's callback of one tracker. Use it in a `with` block.

    A tracker that raises is left out from then on, and `warn` receives a message. No training ends because of it.
    """

    def __init__(
        self,
        tracker: TrackerName,
        make_logger: Callable[[], LoggerCallback],
        folder: Path,
        run_folder: RunFolder,
        study: str,
        warn: Callable[[str], None],
    ) -> None:
        self._tracker = tracker
        self._make_logger = make_logger
        self._folder = folder
        self._run_folder = run_folder
        self._study = study
        self._warn = warn
        self._logger: LoggerCallback | None = None
        self._tracked: dict[str, TrackedTrial] = {}
        self._cur_nimg: dict[str, int] = {}
        """Images at the last evaluation that was passed on, by arm and trial."""

    def __getstate__(self) -> dict[str, object]:
        """Return nothing: Ray pickles the callback for a restoration of its own, which is never used."""
        return {}

    def __enter__(self) -> "Tracking":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the runs that an interrupted study leaves open, and wait until all is written."""
        for trial_id in list(self._tracked):
            self._end(trial_id, failed=True)
        with self._usable_logger() as logger:
            logger.on_experiment_end([])

    def setup(self, *args: Any, **info: Any) -> None:
        """Receive Tune's notice that the experiment begins."""
        with self._errors_as_warnings():
            logger = self._make_logger()
            logger.setup(*args, **info)
            self._logger = logger

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Receive Tune's notice that a trial begins. After the death of its process it continues its run."""
        if trial.trial_id in self._tracked:
            return
        order = TrialOrder.from_tune(trial.config).config
        begun = TrackedTrial(
            trial.trial_id,
            order,
            self._folder / order.arm / order.name,
            self._study,
            self._run_folder.trial(order.arm, order.name),
        )
        self._tracked[trial.trial_id] = begun
        with self._usable_logger() as logger:
            begun.init_local_path()
            logger.log_trial_start(begun)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Receive Tune's notice of a result, and pass a new evaluation on; a resumed trial repeats its last one."""
        progress = read_progress(result)
        if progress is None or progress[1] is None or trial.trial_id not in self._tracked:
            return
        name, cur_nimg = str(self._tracked[trial.trial_id]), progress[1].cur_nimg
        if cur_nimg <= self._cur_nimg.get(name, -1):
            return
        self._cur_nimg[name] = cur_nimg
        numbers = {name: n for name, n in tracker_numbers(progress[1]).items() if math.isfinite(n)}
        with self._usable_logger() as logger:
            # All three trackers use the iteration as the step.
            step = {TRAINING_ITERATION: cur_nimg}
            logger.log_trial_result(iteration, self._tracked[trial.trial_id], {**numbers, **step})

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Receive Tune's notice that a trial has ended; a diverged one counts as failed."""
        progress = read_progress(trial.last_result or {})
        self._end(trial.trial_id, failed=progress is not None and progress[0] is TrialState.DIVERGED)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Receive Tune's notice that a trial has failed for good."""
        self._end(trial.trial_id, failed=True)

    def _end(self, trial_id: str, failed: bool) -> None:
        trial = self._tracked.pop(trial_id, None)
        if trial is not None:
            with self._usable_logger() as logger:
                logger.log_trial_end(trial, failed=failed)

    @contextmanager
    def _usable_logger(self) -> Iterator[Any]:
        """Yield Ray's callback (`Any`, because of the stand-ins), or one without effect once it has failed."""
        with self._errors_as_warnings():
            yield self._logger or LoggerCallback()

    @contextmanager
    def _errors_as_warnings(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # any error, of a package, a server or a disk
            self._logger = None
            self._warn(f"warning: {self._tracker} is left out from now on: {without_secrets(first_line(error))}")


@contextmanager
def tracker_files(folder: RunFolder) -> Iterator[Path]:
    """Yield the folder on this machine's disk that trackers write to.

    It is `trackers` in a local run folder. If the run folder is in an object store, it is a copy, uploaded at the end.
    """
    storage = folder.trackers()
    if storage.is_local:
        yield storage.local_path("")
        return
    with tempfile.TemporaryDirectory() as place:
        storage.download(Path(place))
        try:
            yield Path(place)
        finally:
            storage.upload(Path(place))


@contextmanager
def tracker_callbacks(
    trackers: Sequence[TrackerName], folder: RunFolder, study: str, warn: Callable[[str], None]
) -> Iterator[list[Callback]]:
    """Yield Tune's callbacks for a study's trackers. At the end of the context their files are in the run folder.

    `warn` receives a message if a tracker fails.
    """
    with ExitStack() as stack:
        if not trackers:
            yield []
            return
        files = stack.enter_context(tracker_files(folder))
        callbacks: list[Callback] = []
        for name in dict.fromkeys(trackers):
            place = files / name
            place.mkdir(parents=True, exist_ok=True)
            make_logger = partial(LOGGERS[name], place, study)
            callbacks.append(stack.enter_context(Tracking(name, make_logger, place, folder, study, warn)))
        yield callbacks


def _tensorboard(folder: Path, study: str) -> LoggerCallback:
    return TensorboardLogger()


def _mlflow(folder: Path, study: str) -> LoggerCallback:
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri and set(str(folder)) & set("%?"):
        raise ValueError(
            f"its file cannot lie in {folder}, whose name MLflow reads as a URL; choose an --out without % and ?, or "
            "set MLFLOW_TRACKING_URI"
        )
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("mlflow", "alembic"):  # they log every table that they create
        logging.getLogger(name).setLevel(logging.WARNING)
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    return MLflowLoggerCallback(tracking_uri=uri or f"sqlite:///{folder / 'mlflow.db'}", experiment_name=study)


def _wandb(folder: Path, study: str) -> LoggerCallback:
    os.environ.setdefault("WANDB_MODE", "offline")
    from ray.air.integrations.wandb import WandbLoggerCallback

    project = os.environ.get("WANDB_PROJECT") or _PROJECT
    return WandbLoggerCallback(
        project=project, group=study, mode=os.environ["WANDB_MODE"], upload_timeout=_SEND_LIMIT_SEC
    )


LOGGERS: dict[TrackerName, Callable[[Path, str], LoggerCallback]] = {
    "mlflow": _mlflow,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
}
