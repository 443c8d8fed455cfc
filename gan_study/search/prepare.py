"""What a study needs before its first trial: the objective, made in a Ray task, and processes that are ready to train.

The driver's machine need not be fit for training, and the driver itself does without torch, unless the study's sampler
is gp, which Optuna makes of it.
"""

from collections.abc import Callable
from contextlib import suppress

import ray

from gan_study.config.arms.arm import arms_of
from gan_study.config.arms.trial_configs import ASSUMED_TRAIN_IMAGES, first_trial_values, resolve_training
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrainingConfig
from gan_study.errors import GanStudyError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import ObjectiveRecord

_LOOK_SEC = 2.0
"""Between two looks at how far it is."""
_TELL_SEC = 2.0
"""How often that is written down at most."""


def prepare_on_cluster(
    study: StudyConfig, folder: RunFolder, num_concurrent: int, num_threads: int, on_progress: Callable[[str], None]
) -> ObjectiveRecord:
    """Make the study's objective, or find it in the run folder, while other processes load what trials import.

    Ray uses idle processes again, so the first trials then start at once. `on_progress` is told again and again what
    is being done and how far it is: the task writes it into the run folder, the one place that both can see.
    num_threads: how many the task may use on a CPU.

    Raises:
        InputError: the data, or the GPU that Ray lends, are not there.
        StorageError: the run folder could not be written.
    """
    arm = arms_of(study)[0]
    # How long it trains does not matter here, and how many images there are is not known yet.
    training = resolve_training(arm, first_trial_values(arm), study.search.seed, ASSUMED_TRAIN_IMAGES)
    num_cpus, gpus = study.resources.cpus_per_worker, study.resources.gpus_per_worker
    assert gpus != "auto", "auto has been replaced by the cluster's answer"
    task = ray.remote(num_cpus=num_cpus, num_gpus=gpus, max_retries=1)(_prepare)
    task = ray.remote(num_cpus=num_cpus, num_gpus=gpus, max_retries=1)(_prepare)
    outcome = task.remote(training, folder.location, num_threads, gpus)
    for _ in range(num_concurrent - 1):
        ray.remote(num_cpus=num_cpus, max_retries=0)(_warm_up).remote()
    try:
        while not ray.wait([outcome], timeout=_LOOK_SEC)[0]:
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
    from gan_study.extractors.objective import prepare_objective
    from gan_study.extractors.progress import at_work, listening, now_and_then
    from gan_study.training.distributed import lent_device

    folder = RunFolder(location)

    def tell(text: str) -> None:
        with suppress(StorageError):  # what is to be kept will say it
            folder.write_preparation(text)

    # Ray wraps an exception in its own traceback; handed over as a value it stays what it is.
    try:
        device = lent_device(gpus)
        with listening(now_and_then(_TELL_SEC, tell)):
            with at_work(f"the images of {training.dataset.name}"):
                dataset = load_dataset(training.dataset)
            torch.set_num_threads(num_threads)  # a trial that uses this process later sets its own number
            return prepare_objective(training, dataset, folder, device)
    except GanStudyError as error:
        return error


def _warm_up() -> None:
    from gan_study.search.trials import begin_trial  # noqa: F401
