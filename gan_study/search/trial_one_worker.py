"""A trial on one worker: the training loop runs inside the Tune trial itself, and the process is used again.

Starting a Ray Train worker group costs many times what a small trial trains for; one worker needs none.
"""

from collections.abc import Generator
from typing import Any

from ray import tune

from gan_study.data.datasets import load_dataset
from gan_study.errors import StorageError
from gan_study.extractors.objective import load_objective
from gan_study.runs.folder import RunFolder
from gan_study.search.messages import TrialOrder, abort_message, progress_message
from gan_study.training.distributed import Workers, choose_device
from gan_study.training.loop import Progress, train


class OneWorkerTrial(tune.Trainable):
    """Each step trains up to the next evaluation."""

    def setup(self, config: dict[str, Any]) -> None:
        """Begin the trial that `config` orders, or go on with it from its checkpoint."""
        self._progress = _begin(TrialOrder.from_tune(config))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Leave the trial as it is and begin another in the same process."""
        self._progress.close()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train up to the next evaluation and report it."""
        try:
            return progress_message(next(self._progress))
        except StorageError as error:
            # Nothing can be written: not this trial's fault, and no other would fare better.
            return abort_message(str(error))


def _begin(order: TrialOrder) -> Generator[Progress, None, None]:
    config = order.config
    dataset = load_dataset(config.training.dataset)
    workers = Workers(device=choose_device(config.workers.gpus_per_worker > 0))
    folder = RunFolder(order.run_folder)
    record = folder.read_objective()
    assert record is not None, "the objective is made before any trial starts"
    objective = load_objective(folder.storage, record, dataset).to(workers.device)
    return train(config, dataset, objective, folder.trial(config.arm, config.name), workers)
