"""What every worker of a trial does before its first step."""

from collections.abc import Generator

from gan_study.data.datasets import load_dataset
from gan_study.extractors.objective import load_objective
from gan_study.runs.folder import RunFolder
from gan_study.search.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.loop import Progress, train


def begin_trial(order: TrialOrder, workers: Workers) -> Generator[Progress, None, None]:
    """The ordered trial's training loop, with its data and the study's objective (kept in this process)."""
    config = order.config
    dataset = load_dataset(config.training.dataset)
    folder = RunFolder(order.run_folder)
    record = folder.read_objective()
    assert record is not None, "the objective is made before any trial starts"
    objective = load_objective(folder.storage, record, dataset).to(workers.device)
    return train(config, dataset, objective, folder.trial(config.arm, config.name), workers)
