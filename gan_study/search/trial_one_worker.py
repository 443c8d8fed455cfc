"""A trial on one worker: the training loop runs inside the Tune trial itself, and the process is used again.

Starting a Ray Train worker group costs many times what a small trial trains for; one worker needs none.
"""

from typing import Any

from ray import tune

from gan_study.errors import StorageError
from gan_study.search.messages import TrialOrder, abort_message, progress_message


class OneWorkerTrial(tune.Trainable):
    """Each step trains up to the next evaluation."""

    def setup(self, config: dict[str, Any]) -> None:
        """Begin the trial that `config` orders, or go on with it from its checkpoint."""
        # Imported here because the driver has this class too, and does without torch.
        from gan_study.search.begin_trial import begin_trial
        from gan_study.training.distributed import Workers, choose_device

        order = TrialOrder.from_tune(config)
        workers = Workers(device=choose_device(order.config.workers.gpus_per_worker > 0))
        self._order = order
        self._progress = begin_trial(order, workers)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Leave the trial as it is and begin another in the same process."""
        self._progress.close()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train up to the next evaluation and report it."""
        try:
            return progress_message(next(self._progress), self._order)
        except StorageError as error:
            # Nothing can be written: not this trial's fault, and no other would fare better.
            return abort_message(str(error))
