"""TensorBoard's view of a trial: scalars under plain names, sample grids, and hyperparameters with the last numbers."""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from ray.air.constants import TRAINING_ITERATION
from ray.tune.logger import LoggerCallback

from gan_study.search.trackers.tracked_trial import TrackedTrial

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter


class TensorboardLogger(LoggerCallback):
    """Replaces Ray's own logger, which names every scalar `ray/tune/<name>` and writes no images.

    Each `trial` is a `TrackedTrial`, which has the attributes of Ray's `Trial` that are used here, and sample grids.
    """

    def __init__(self) -> None:
        self._writers: dict[TrackedTrial, SummaryWriter] = {}
        self._last: dict[TrackedTrial, dict[str, float]] = {}

    def log_trial_start(self, trial: Any) -> None:
        """Open the trial's event file."""
        from tensorboardX import SummaryWriter

        self._writers[trial] = SummaryWriter(trial.local_path, flush_secs=30)

    def log_trial_result(self, iteration: int, trial: Any, result: dict[str, float]) -> None:
        """Write an evaluation's numbers and, if there is one, its sample grid at the number of images seen."""
        writer, step = self._writers[trial], int(result[TRAINING_ITERATION])
        self._last[trial] = {name: value for name, value in result.items() if name != TRAINING_ITERATION}
        for name, value in self._last[trial].items():
            writer.add_scalar(name, value, step)
        if (png := trial.read_samples(step)) is not None:
            writer.add_image("samples", np.asarray(Image.open(io.BytesIO(png)).convert("RGB")), step, dataformats="HWC")
        writer.flush()

    def log_trial_end(self, trial: Any, failed: bool = False) -> None:
        """Write the hyperparameters with the last numbers, and close the event file."""
        from tensorboardX.summary import hparams

        writer = self._writers.pop(trial)
        for summary in hparams(trial.config, self._last.pop(trial, {})):
            writer.file_writer.add_summary(summary)
        writer.close()
