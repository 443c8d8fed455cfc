"""A trial on one worker: the training loop runs inside the Tune trial itself, and the process is used again.

Starting a Ray Train worker group costs many times what a small trial trains for; one worker needs none.
"""

from collections.abc import Generator
from typing import Any

from ray import tune

from gan_study.errors import InputError, MissingGpuError, StorageError
from gan_study.search.trials.messages import TrialOrder, abort_message, failure_message, progress_message
from gan_study.training.progress import Progress


class OneWorkerTrial(tune.Trainable):
    """Each step trains up to the next evaluation."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take the order for a trial; its first step begins it, or goes on with it from its checkpoint."""
        self._order = TrialOrder.from_tune(config)
        self._progress: Generator[Progress, None, None] | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Leave the trial as it is and take the order for another in the same process."""
        # Imported here because the driver has this class too, and does without torch.
        from gan_study.training.distributed import free_device_memory

        if self._progress is not None:
            self._progress.close()
        self.setup(new_config)
        free_device_memory()
        return True

    def step(self) -> dict[str, Any]:
        """Train up to the next evaluation and report it."""
        try:
            if self._progress is None:
                self._progress = self._begin()
            return progress_message(next(self._progress), self._order)
        except (StorageError, MissingGpuError) as error:
            # Nothing can be written or trained here: not this trial's fault, and no other would fare better.
            return abort_message(str(error))
        except InputError as error:
            return failure_message(str(error))

    def _begin(self) -> Generator[Progress, None, None]:
        from gan_study.search.trials.begin_trial import begin_trial
        from gan_study.training.distributed import Workers, lent_device

        return begin_trial(self._order, Workers(device=lent_device(self._order.config.workers.gpus_per_worker)))
