"""What every worker of a trial does before its first step and after its last one."""

import socket
from collections.abc import Callable, Generator

from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset, load_dataset
from gan_study.errors import StorageError
from gan_study.extractors.objective import Objective, load_objective
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import EndPart
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.end_coverage import coverage_measure
from gan_study.search.end_diagnosis import diagnose_trial
from gan_study.search.end_images import write_end_images
from gan_study.search.end_work import missing_end_parts
from gan_study.search.final_scores import score_finally
from gan_study.search.messages import TrialOrder
from gan_study.training.distributed import Workers
from gan_study.training.loop import Progress, train


def begin_trial(order: TrialOrder, workers: Workers) -> Generator[Progress, None, None]:
    """The ordered trial's training loop, with its data and the study's objective (kept in this process).

    If the order asks for it, a completed trial's images are measured and scored before its last progress is given; of a
    confirmed one, images between latents are made.

    Raises StorageError if the run folder is not there on this machine or does not fit the data.
    """
    config = order.config
    dataset = load_dataset(config.training.dataset)
    folder = RunFolder(order.run_folder)
    record = folder.read_objective()
    if record is None:  # It is made before any trial starts.
        raise StorageError(
            f"{folder.location}: every machine of the cluster must see the run folder, but got none on "
            f"{socket.gethostname()}; give a shared folder or an s3:// URI as --out"
        )
    objective = load_objective(folder.storage, record, dataset).to(workers.device)
    return _train_and_finish(config, dataset, objective, folder.trial(config.arm, config.name), workers)


def _train_and_finish(
    config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder, workers: Workers
) -> Generator[Progress, None, None]:
    measure = coverage_measure(config, dataset, objective)
    for progress in train(config, dataset, objective, trial, workers, measure):
        if workers.is_first and progress.status.state.is_final:
            _do_end_work(config, dataset, objective, trial)
        yield progress


def _do_end_work(config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder) -> None:
    """Do what is missing after the last step. The training has ended well, so a part that fails is noted beside it."""
    do: dict[EndPart, Callable[[], bool]] = {
        "diagnosis": lambda: _diagnose(config, dataset, objective, trial),
        "interpolation": lambda: write_end_images(trial, config.training, dataset.num_channels),
        "final_scores": lambda: _score(config, dataset, objective, trial),
    }
    status = trial.read_status()
    assert status is not None, "the loop has written how the trial ended"
    failures, not_finite = dict(status.end_failures), list(status.end_not_finite)
    for part in missing_end_parts(config, status, trial):
        failures.pop(part, None)
        try:
            if not do[part]():
                not_finite.append(part)
        except StorageError:  # No other trial would fare better: the study ends, to be gone on with.
            raise
        except Exception as error:  # whatever it is, the training has not failed
            failures[part] = _one_line(error)
    after = status.model_copy(update={"end_failures": failures, "end_not_finite": tuple(not_finite)})
    if after != status:
        trial.write_status(after)


def _diagnose(config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder) -> bool:
    diagnose_trial(trial, config, dataset, objective).write(trial)
    return True


def _score(config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder) -> bool:
    scores = score_finally(trial, config.training, dataset, objective)
    if scores is not None:
        trial.write_final_scores(scores)
    return scores is not None


def _one_line(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
