"""TensorBoard, MLflow and Weights & Biases receive every evaluation; the last two through Ray's own callbacks.

Ray's callbacks know a Tune trial by a number, and its configuration and results as the JSON texts that go between
driver and trials. So they are given stand-ins here: a trial's name is `<arm>/<trial>`, its configuration the
hyperparameters, its step the number of images seen, its folder `<run folder>/trackers/<tracker>/<arm>/<trial>`.

A trial that is started again within one command goes on in its run. After `resume`, an unfinished trial goes on in
TensorBoard, which reads all files of its folder as one run (what was evaluated after the checkpoint stands there
twice, with equal values); in MLflow and W&B it begins a second run of the same name, as Ray's callbacks do.

Nothing leaves this machine unless the user says so: MLflow writes a SQLite file unless MLFLOW_TRACKING_URI names a
server, and W&B is offline (`wandb sync` sends its folders later) unless WANDB_MODE says online.
"""

import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from ray.air.constants import TRAINING_ITERATION
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.logger import LoggerCallback

from gan_study.config.arms.flat import flat_training
from gan_study.config.names import TrackerName
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState
from gan_study.runs.secrets import without_secrets
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.trackers.tensorboard import TensorboardLogger
from gan_study.search.trials.messages import TrialOrder, read_progress, tracker_numbers

_PROJECT = "gan_study"
"""W&B's project, unless WANDB_PROJECT names one; its group is the study."""
_SEND_LIMIT_SEC = 60
"""Waited for W&B at the end of a study."""


@dataclass(eq=False)
class TrackedTrial:
    """What Ray's callbacks ask of a Tune trial, in the study's words."""

    trial_id: str
    order: TrialConfig
    folder: Path
    """Where the tracker's files of this trial go."""
    experiment_dir_name: str
    """The study's name."""
    trial_folder: TrialFolder
    """Where the trial itself keeps its files."""
    config: dict[str, Any] = field(init=False)
    """The hyperparameters by dotted name."""

    def __post_init__(self) -> None:
        self.config = {**flat_training(self.order.training), "phase": self.order.phase}

    def __str__(self) -> str:
        return f"{self.order.arm}/{self.order.name}"

    @property
    def evaluated_params(self) -> dict[str, Any]:
        """The same as `config`."""
        return self.config

    @property
    def local_path(self) -> str:
        """Where the tracker's files of this trial go."""
        return str(self.folder)

    def read_samples(self, cur_nimg: int) -> bytes | None:
        """The PNG of the sample grid at `cur_nimg` images; None if there is none."""
        try:
            return self.trial_folder.read_samples(cur_nimg)
        except FileNotFoundError:
            return None

    def init_local_path(self) -> None:
        """Make the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)


class Tracking(Callback):
    """One tracker: passes what Tune says on to Ray's callback of that tracker. Use it in a `with` block.

    A tracker that raises is left out from then on, and `warn` is told: no training ends because of it.
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
        self._open: dict[str, TrackedTrial] = {}

    def __getstate__(self) -> dict[str, object]:
        """Nothing, as the director's: Ray pickles it for a restoration that is never used."""
        return {}

    def __enter__(self) -> "Tracking":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what an interrupted study leaves open, and wait until all is written."""
        for trial_id in list(self._open):
            self._end(trial_id, failed=True)
        with self._telling() as logger:
            logger.on_experiment_end([])

    def setup(self, *args: Any, **info: Any) -> None:
        """Tune's notice of the beginning."""
        with self._warning():
            logger = self._make_logger()
            logger.setup(*args, **info)
            self._logger = logger

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Tune's notice that a trial begins, or begins again after its process has died: then its run goes on."""
        if trial.trial_id in self._open:
            return
        order = TrialOrder.from_tune(trial.config).config
        begun = TrackedTrial(
            trial.trial_id,
            order,
            self._folder / order.arm / order.name,
            self._study,
            self._run_folder.trial(order.arm, order.name),
        )
        self._open[trial.trial_id] = begun
        with self._telling() as logger:
            begun.init_local_path()
            logger.log_trial_start(begun)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Tune's notice of a result; only evaluations are passed on."""
        progress = read_progress(result)
        if progress is None or progress[1] is None or trial.trial_id not in self._open:
            return
        numbers = {name: n for name, n in tracker_numbers(progress[1]).items() if math.isfinite(n)}
        with self._telling() as logger:
            # All three take the iteration for the step.
            step = {TRAINING_ITERATION: progress[1].cur_nimg}
            logger.log_trial_result(iteration, self._open[trial.trial_id], {**numbers, **step})

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Tune's notice that a trial has ended; a diverged one counts as failed."""
        progress = read_progress(trial.last_result or {})
        self._end(trial.trial_id, failed=progress is not None and progress[0] is TrialState.DIVERGED)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Tune's notice that a trial has failed for good."""
        self._end(trial.trial_id, failed=True)

    def _end(self, trial_id: str, failed: bool) -> None:
        trial = self._open.pop(trial_id, None)
        if trial is not None:
            with self._telling() as logger:
                logger.log_trial_end(trial, failed=failed)

    @contextmanager
    def _telling(self) -> Iterator[Any]:
        """Ray's callback, which annotates Tune's own trials; once it has failed, one that does nothing."""
        with self._warning():
            yield self._logger or LoggerCallback()

    @contextmanager
    def _warning(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of a package, a server or a disk: anything
            self._logger = None
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self._warn(f"warning: {self._tracker} is left out from now on: {without_secrets(reason)}")


class TrackerFiles:
    """The folder on this machine's disk that trackers write to.

    Of a local run folder it is its own `trackers`; of one in an object store, a copy that is written back at the end.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._storage = folder.trackers()
        self._temporary = None if self._storage.is_local else tempfile.TemporaryDirectory()

    def __enter__(self) -> Path:
        if self._temporary is None:
            return self._storage.local_path("")
        self._storage.download(Path(self._temporary.name))
        return Path(self._temporary.name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._temporary is not None:
            self._storage.upload(Path(self._temporary.name))
            self._temporary.cleanup()


@contextmanager
def tracked(
    trackers: Sequence[TrackerName], folder: RunFolder, study: str, warn: Callable[[str], None]
) -> Iterator[list[Callback]]:
    """Tune's callbacks for the trackers of a study; when it has ended, all that they were told is in its run folder.

    `warn` is given a text if a tracker fails.
    """
    with ExitStack() as stack:
        if not trackers:
            yield []
            return
        files = stack.enter_context(TrackerFiles(folder))
        callbacks: list[Callback] = []
        for name in dict.fromkeys(trackers):
            place = files / name
            place.mkdir(parents=True, exist_ok=True)
            make_logger = partial(_LOGGERS[name], place, study)
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
    for name in ("mlflow", "alembic"):  # they tell of every table that they make
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


_LOGGERS: dict[TrackerName, Callable[[Path, str], LoggerCallback]] = {
    "mlflow": _mlflow,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
}
