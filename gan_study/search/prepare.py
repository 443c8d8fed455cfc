"""The preparation of a study: its objective, made in a Ray task.

The driver's machine need not be able to train. The driver imports torch only if Ray Train needs it, for trials on
several workers, or Optuna, for the sampler gp.
"""

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

import ray

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.resolved_training import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.errors import GanStudyError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord

LOOK_SEC = 2.0
"""Seconds between two readings of the progress."""
_WRITE_SEC = 2.0
"""Least seconds between two writings of the progress."""


def prepare_on_cluster(
    study: StudyConfig, folder: RunFolder, num_threads: int, on_progress: Callable[[str], None]
) -> ObjectiveRecord:
    """Make the study's objective, or read it from the run folder.

    Args:
        study: the study, with the cluster's answer in place of `gpus_per_worker: auto`.
        folder: the run folder. The task writes its progress there, because both processes can reach it.
        num_threads: threads that the task may use on a CPU.
        on_progress: is called repeatedly with the present step and its progress.

    Raises:
        InputError: the data or the GPU that Ray lends is missing.
        StorageError: the run folder cannot be written.
    """
    arm = arms_of(study)[0]
    # The training's length does not matter here, and the number of images is not known yet.
    training = resolve_training(arm, first_trial_values(arm), study.search.seed, ASSUMED_TRAIN_IMAGES)
    num_cpus, gpus = study.resources.cpus_per_worker, study.resources.gpus_per_worker
    assert gpus != "auto", "auto has been replaced by the cluster's answer"
    task = ray.remote(num_cpus=num_cpus, num_gpus=gpus, max_retries=1)(_prepare)
    outcome = task.remote(training, folder.location, num_threads, gpus)
    # The driver has nothing else to do than to import what it needs next. Ray Train imports torch, which takes seconds.
    import_module("gan_study.search.tuning")
    if study.resources.needs_groups:
        import_module("gan_study.search.trials.worker_groups")
    try:
        while not ray.wait([outcome], timeout=LOOK_SEC)[0]:
            with suppress(StorageError):
                on_progress(f"preparing: {folder.read_preparation() or 'the data and the extractor'}")
        result = ray.get(outcome)
    finally:
        with suppress(StorageError):
            folder.forget_preparation()
    if isinstance(result, GanStudyError):
        raise result
    record: ObjectiveRecord = result
    return record


def _prepare(training: TrainingConfig, location: str, num_threads: int, gpus: float) -> ObjectiveRecord | GanStudyError:
    import torch

    from gan_study.data.datasets import load_dataset
    from gan_study.evaluation.own_code import load_run_code
    from gan_study.extractors.objective import prepare_objective
    from gan_study.extractors.progress import at_work, listening, now_and_then
    from gan_study.training.distributed import lent_device

    folder = RunFolder(location)

    def write_progress(text: str) -> None:
        with suppress(StorageError):  # a later write of the results raises it
            folder.write_preparation(text)

    # Ray wraps an exception that is raised in its own traceback, so it is returned as a value.
    try:
        device = lent_device(gpus)
        with listening(now_and_then(_WRITE_SEC, write_progress)):
            load_run_code(training.code, folder)
            with at_work(f"the images of {training.dataset.name}"):
                dataset = load_dataset(training.dataset)
            torch.set_num_threads(num_threads)
            return prepare_objective(training, dataset, folder, device)
    except GanStudyError as error:
        return error
