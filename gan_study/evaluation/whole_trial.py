"""One trial from its first step to its end work: diagnosis, final scores and pictures of a completed training."""

from collections.abc import Callable, Generator

from gan_study.config.training import TrialConfig
from gan_study.data.datasets import Dataset
from gan_study.errors import StorageError
from gan_study.evaluation.end_coverage import coverage_measure
from gan_study.evaluation.end_diagnosis import diagnose_trial
from gan_study.evaluation.end_images import write_end_images
from gan_study.evaluation.end_parts import missing_end_parts
from gan_study.evaluation.end_scores import compute_final_scores
from gan_study.extractors.objective import Objective
from gan_study.runs.records.status import EndPart, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.loop import train
from gan_study.training.progress import Progress


def train_and_finish(
    config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder, workers: Workers
) -> Generator[Progress, None, None]:
    """Train a trial and yield its progress; the end work is done before the final progress is yielded.

    The trial's configuration decides which parts of the end work are done. All ranks share the work. Raises what
    `train` raises, and StorageError if the trial's folder cannot be written.
    """
    measure = coverage_measure(config, dataset, objective, workers)
    for progress in train(config, dataset, objective, trial, workers, measure):
        if progress.status.state.is_final:
            _do_end_work(config, dataset, objective, trial, workers)
        yield progress


def _do_end_work(
    config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder, workers: Workers
) -> None:
    """Do the missing parts of the end work. The trial's status records a part that fails: the training is complete.

    A part either succeeds on all ranks or raises the same error on all. Collective.
    """
    do: dict[EndPart, Callable[[], bool]] = {
        "diagnosis": lambda: _diagnose(config, dataset, objective, trial, workers),
        "interpolation": lambda: workers.from_first_rank(
            lambda: write_end_images(trial, config.training, dataset.num_channels)
        ),
        "final_scores": lambda: _score(config, dataset, objective, trial, workers),
    }
    status, parts = workers.from_first_rank(lambda: _read_missing(config, trial))
    failures, not_finite = dict(status.end_failures), list(status.end_not_finite)
    for part in parts:
        failures.pop(part, None)
        try:
            if not do[part]():
                not_finite.append(part)
        except StorageError:  # Every other trial would fail too: the study ends and can be resumed.
            raise
        except Exception as error:  # The training is complete, whatever went wrong here.
            failures[part] = _one_line(error)
    after = status.model_copy(update={"end_failures": failures, "end_not_finite": tuple(not_finite)})
    if after != status:
        workers.on_first_rank(lambda: trial.write_status(after))


def _read_missing(config: TrialConfig, trial: TrialFolder) -> tuple[TrialStatus, list[EndPart]]:
    status = trial.read_status()
    assert status is not None, "the loop has written how the trial ended"
    return status, missing_end_parts(config, status, trial)


def _diagnose(
    config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder, workers: Workers
) -> bool:
    diagnosis = diagnose_trial(trial, config, dataset, objective, workers)
    workers.on_first_rank(lambda: diagnosis.write(trial))
    return True


def _score(config: TrialConfig, dataset: Dataset, objective: Objective, trial: TrialFolder, workers: Workers) -> bool:
    scores = compute_final_scores(trial, config.training, dataset, objective, workers)
    if scores is not None:
        workers.on_first_rank(lambda: trial.write_final_scores(scores))
    return scores is not None


def _one_line(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
