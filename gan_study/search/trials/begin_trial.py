"""The start of a trial on one of its workers."""

import socket
from collections.abc import Generator

import torch

from gan_study.data.datasets import Dataset, load_dataset
from gan_study.errors import StorageError
from gan_study.evaluation.kept_values import kept_value
from gan_study.evaluation.own_code import load_run_code
from gan_study.evaluation.whole_trial import train_and_finish
from gan_study.extractors.objective import Objective, load_objective
from gan_study.own_code import explain_own_errors
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.trials.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.progress import Progress


def begin_trial(order: TrialOrder, workers: Workers) -> Generator[Progress, None, None]:
    """Load the data and the study's objective, then train the ordered trial and do its end work.

    A trial that resumes first yields its last evaluation again: its process may have died before the study received it.
    Raises StorageError if the run folder is not there on this machine or does not fit the data, and InputError, with
    the user's line, for an error in the study's own code.
    """
    config, folder = order.config, RunFolder(order.run_folder)
    load_run_code(config.training.code, folder)

    def load() -> tuple[Dataset, Objective]:
        dataset = load_dataset(config.training.dataset)
        record = folder.read_objective()
        if record is None:  # It is made before any trial starts.
            raise StorageError(
                f"{folder.location}: every machine of the cluster must see the run folder, but got none on "
                f"{socket.gethostname()}; give a shared folder or an s3:// URI as --out"
            )
        objective = load_objective(folder.storage, record, dataset).to(workers.device)
        if workers.device.type == "cuda":
            torch.cuda.synchronize(workers.device)  # Threads with other streams use it, too.
        return dataset, objective

    key = order.run_folder, config.training.dataset, workers.device
    dataset, objective = workers.on_every_rank(lambda: kept_value("study", key, load))
    trial = folder.trial(config.arm, config.name)
    if (last := workers.from_first_rank(lambda: _read_last(trial))) is not None:
        yield last
    yield from explain_own_errors("training", train_and_finish(config, dataset, objective, trial, workers))


def _read_last(trial: TrialFolder) -> Progress | None:
    """Return a running trial's progress at its latest checkpoint; None if it has no checkpoint."""
    status, nimgs = trial.read_status() or TrialStatus(state=TrialState.RUNNING), trial.checkpoint_nimgs()
    known = [evaluation for evaluation in trial.read_evaluations() if nimgs and evaluation.cur_nimg <= nimgs[-1]]
    return Progress(status, known[-1]) if known and not status.state.is_final else None
