"""A trial on one worker: the training loop runs inside the Tune trial, whose process later trials use again.

A Ray Train worker group takes many times as long to start as a small trial takes to train; one worker needs none.
"""

from collections.abc import Generator
from typing import Any

from ray import tune

from gan_study.errors import InputError, MissingGpuError, StorageError
from gan_study.search.trials.messages import TrialOrder, abort_message, failure_message, progress_message
from gan_study.training.progress import Progress


class OneWorkerTrial(tune.Trainable):
    """A Tune trial whose steps each train up to the next evaluation."""

    def setup(self, config: dict[str, Any]) -> None:
        """Keep the order for a trial; its first step begins it, or resumes it from its checkpoint."""
        self._order = TrialOrder.from_tune(config)
        self._progress: Generator[Progress, None, None] | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Leave the present trial and keep the order for another, which runs in the same process."""
        # Imported here because the driver imports this class, and must not import torch.
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
            # This trial did not cause the error, and any other trial would meet it too.
            return abort_message(str(error))
        except InputError as error:
            return failure_message(str(error))

    def _begin(self) -> Generator[Progress, None, None]:
        from gan_study.search.trials.begin_trial import begin_trial
        from gan_study.training.distributed import Workers, lent_device

        return begin_trial(self._order, Workers(device=lent_device(self._order.config.workers.gpus_per_worker)))
