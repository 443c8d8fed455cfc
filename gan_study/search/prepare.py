"""What a study needs before its first trial: the objective, made in a Ray task, and processes that are ready to train.

The driver's machine need not be fit for training, and the driver itself does without torch, unless the study's sampler
is gp, which Optuna makes of it.
"""

import ray

from gan_study.config.arms import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.errors import GanStudyError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import ObjectiveRecord


def prepare_on_cluster(study: StudyConfig, folder: RunFolder, num_concurrent: int) -> ObjectiveRecord:
    """Make the study's objective, or find it in the run folder, while other processes load what trials import.

    Ray uses idle processes again, so the first trials then start at once.

    Raises:
        InputError: the data are not there.
        StorageError: the run folder could not be written.
    """
    arm = next(iter(study.arms))
    # How long it trains does not matter here, and how many images there are is not known yet.
    training = resolve_training(study, arm, first_trial_values(study, arm), study.search.seed, ASSUMED_TRAIN_IMAGES)
    num_cpus, gpus = study.resources.cpus_per_worker, study.resources.gpus_per_worker
    assert gpus != "auto", "auto has been replaced by the cluster's answer"
    outcome = ray.remote(num_cpus=num_cpus, num_gpus=gpus, max_retries=1)(_prepare).remote(training, folder.location)
    for _ in range(num_concurrent - 1):
        ray.remote(num_cpus=num_cpus, max_retries=0)(_warm_up).remote()
    result = ray.get(outcome)
    if isinstance(result, GanStudyError):
        raise result
    record: ObjectiveRecord = result
    return record


def _prepare(training: TrainingConfig, location: str) -> ObjectiveRecord | GanStudyError:
    from gan_study.data.datasets import load_dataset
    from gan_study.extractors.objective import prepare_objective

    # Ray wraps an exception in its own traceback; handed over as a value it stays what it is.
    try:
        return prepare_objective(training, load_dataset(training.dataset), RunFolder(location))
    except GanStudyError as error:
        return error


def _warm_up() -> None:
    from gan_study.search import begin_trial  # noqa: F401
