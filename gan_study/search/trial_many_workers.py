"""A trial on several workers: a Tune trial that drives Ray Train's TorchTrainer, which makes the process group.

The Tune trial itself only waits, so it asks for next to nothing; Ray Train asks for its workers' CPUs and GPUs.
"""

from typing import Any

import ray.train
import ray.train.torch
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback

from gan_study.data.datasets import load_dataset
from gan_study.errors import StorageError
from gan_study.extractors.objective import load_objective
from gan_study.runs.folder import RunFolder
from gan_study.search.messages import TrialOrder, abort_message, progress_message
from gan_study.training.distributed import current_workers
from gan_study.training.loop import train


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
    trainer.fit()


def _train_on_worker(config: dict[str, Any]) -> None:
    order = TrialOrder.from_tune(config)
    dataset = load_dataset(order.config.training.dataset)
    workers = current_workers(ray.train.torch.get_device())
    run_folder = RunFolder(order.run_folder)
    record = run_folder.read_objective()
    assert record is not None, "the objective is made before any trial starts"
    objective = load_objective(run_folder.storage, record, dataset).to(workers.device)
    folder = run_folder.trial(order.config.arm, order.config.name)
    try:
        for progress in train(order.config, dataset, objective, folder, workers):
            ray.train.report(progress_message(progress))
            # The driver may have given the trial up meanwhile; Ray stops these processes only some time later.
            if workers.from_first_rank(lambda: _is_ended(folder)):
                return
    except StorageError as error:
        ray.train.report(abort_message(str(error)))


def _is_ended(folder: Any) -> bool:
    status = folder.read_status()
    return status is not None and status.state.is_final
