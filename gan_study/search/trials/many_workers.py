"""A trial on several workers: a Tune trial that drives Ray Train's TorchTrainer, which makes the process group.

The Tune trial itself only waits, so it requests almost nothing; Ray Train requests its workers' CPUs and GPUs.
"""

from typing import Any

import ray.train
import ray.train.torch
from ray import tune
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback

from gan_study.errors import InputError, MissingGpuError, StorageError
from gan_study.runs.folder import RunFolder
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder, abort_message, failure_message, progress_message
from gan_study.training.distributed import current_workers, lent_device
from gan_study.training.output.checkpoints import read_end


def many_workers_trial(config: dict[str, Any]) -> None:
    """Train the ordered trial on its workers and pass their reports on. This is the Tune function."""
    order = TrialOrder.from_tune(config)
    folder = RunFolder(order.run_folder).trial(order.config.arm, order.config.name)
    num_tries, num_failures, reached = 0, 0, folder.checkpoint_nimgs()
    while True:
        num_tries += 1
        try:
            _make_trainer(config, order, num_tries).fit()
            return
        except TrainingFailedError as error:
            if (message := _last_message(str(error))) is not None:
                tune.report(message)
                return
            before, reached = reached, folder.checkpoint_nimgs()
            num_failures = num_failures + 1 if reached == before else 1
            if num_failures > config["max_retries"]:
                raise


def _make_trainer(config: dict[str, Any], order: TrialOrder, num_tries: int) -> TorchTrainer:
    """Make a trainer for one attempt, without Ray's retries, whose limit ignores the progress since a failure."""
    workers = order.config.workers
    resources = {"CPU": float(workers.cpus_per_worker)}
    if workers.gpus_per_worker > 0:
        resources["GPU"] = workers.gpus_per_worker
    callbacks: list[Any] = [TuneReportCallback()]  # Ray's annotation omits this kind
    return TorchTrainer(
        _train_on_worker,
        train_loop_config=config,
        scaling_config=ScalingConfig(
            num_workers=workers.num_workers, use_gpu=workers.gpus_per_worker > 0, resources_per_worker=resources
        ),
        run_config=RunConfig(
            name=f"{order.config.arm}-{order.config.name}-{num_tries}",
            storage_path=config["scratch"],
            callbacks=callbacks,
            failure_config=FailureConfig(max_failures=0),
        ),
    )


def _train_on_worker(config: dict[str, Any]) -> None:
    order = TrialOrder.from_tune(config)
    device = ray.train.torch.get_device()
    if device.type != "cuda":
        lent_device(order.config.workers.gpus_per_worker)  # raises if a GPU was requested
    workers = current_workers(device)
    folder = RunFolder(order.run_folder).trial(order.config.arm, order.config.name)
    for progress in begin_trial(order, workers):
        ray.train.report(progress_message(progress, order))
        if order.is_done(progress):
            return
        # The driver may have stopped the trial meanwhile; Ray ends these processes only some time later.
        if workers.from_first_rank(lambda: read_end(folder)) is not None:
            return


def _last_message(report: str) -> dict[str, Any] | None:
    """Return the message for an error of the study's own kinds in Ray Train's report, which holds tracebacks.

    Returns None if another try may succeed.
    """
    meanings = {StorageError: abort_message, MissingGpuError: abort_message, InputError: failure_message}
    for kind, message in meanings.items():
        mark = f"{kind.__module__}.{kind.__name__}: "
        reason = next((line.removeprefix(mark) for line in report.splitlines() if line.startswith(mark)), None)
        if reason is not None:
            return message(reason)
    return None
