"""The start of a trial on one of its workers."""

import socket
from collections.abc import Generator

from gan_study.data.datasets import Dataset, load_dataset
from gan_study.errors import StorageError
from gan_study.evaluation.whole_trial import train_and_finish
from gan_study.extractors.objective import Objective, load_objective
from gan_study.runs.folder import RunFolder
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.progress import Progress


def begin_trial(order: TrialOrder, workers: Workers) -> Generator[Progress, None, None]:
    """Load the data and the study's objective, then train the ordered trial and do its end work.

    Raises StorageError if the run folder is not there on this machine or does not fit the data.
    """
    config, folder = order.config, RunFolder(order.run_folder)

    def load() -> tuple[Dataset, Objective]:
        dataset = load_dataset(config.training.dataset)
        record = folder.read_objective()
        if record is None:  # It is made before any trial starts.
            raise StorageError(
                f"{folder.location}: every machine of the cluster must see the run folder, but got none on "
                f"{socket.gethostname()}; give a shared folder or an s3:// URI as --out"
            )
        return dataset, load_objective(folder.storage, record, dataset).to(workers.device)

    dataset, objective = workers.on_every_rank(load)
    return train_and_finish(config, dataset, objective, folder.trial(config.arm, config.name), workers)
