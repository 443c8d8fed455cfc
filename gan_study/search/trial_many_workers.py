"""A trial on several workers: a Tune trial that drives Ray Train's TorchTrainer, which makes the process group.

The Tune trial itself only waits, so it asks for next to nothing; Ray Train asks for its workers' CPUs and GPUs.
"""

from typing import Any

import ray.train
import ray.train.torch
from ray import tune
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback

from gan_study.errors import StorageError
from gan_study.runs.folder import RunFolder
from gan_study.runs.trial_folder import TrialFolder
from gan_study.search.begin_trial import begin_trial
from gan_study.search.messages import TrialOrder, abort_message, progress_message
from gan_study.training.distributed import current_workers


def many_workers_trial(config: dict[str, Any]) -> None:
    """The Tune function: train the ordered trial on its workers and pass their reports on."""
    order = TrialOrder.from_tune(config)
    workers = order.config.workers
    resources = {"CPU": float(workers.cpus_per_worker)}
    if workers.gpus_per_worker > 0:
        resources["GPU"] = workers.gpus_per_worker
    callbacks: list[Any] = [TuneReportCallback()]  # Ray's annotation leaves this kind out
    trainer = TorchTrainer(
        _train_on_worker,
        train_loop_config=config,
        scaling_config=ScalingConfig(
            num_workers=workers.num_workers, use_gpu=workers.gpus_per_worker > 0, resources_per_worker=resources
        ),
        run_config=RunConfig(
            name=f"{order.config.arm}-{order.config.name}",
            storage_path=config["scratch"],
            callbacks=callbacks,
            failure_config=FailureConfig(max_failures=config["max_retries"]),
        ),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        reason = _storage_error(str(error))
        if reason is None:
            raise
        tune.report(abort_message(reason))


def _train_on_worker(config: dict[str, Any]) -> None:
    order = TrialOrder.from_tune(config)
    workers = current_workers(ray.train.torch.get_device())
    folder = RunFolder(order.run_folder).trial(order.config.arm, order.config.name)
    for progress in begin_trial(order, workers):
        ray.train.report(progress_message(progress, order))
        if order.is_done(progress):
            return
        # The driver may have given the trial up meanwhile; Ray stops these processes only some time later.
        if workers.from_first_rank(lambda: _is_ended(folder)):
            return


def _is_ended(folder: TrialFolder) -> bool:
    status = folder.read_status()
    return status is not None and status.state.is_final


def _storage_error(report: str) -> str | None:
    """The message of the StorageError in Ray Train's report of its workers' errors, which holds their tracebacks."""
    mark = f"{StorageError.__module__}.{StorageError.__name__}: "
    return next((line.removeprefix(mark) for line in report.splitlines() if line.startswith(mark)), None)
