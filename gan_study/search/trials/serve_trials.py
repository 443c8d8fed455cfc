"""The training function of a worker group, which Ray Train runs on each rank: it trains trial after trial.

The processes, their imports, the process group, the data and the study's objective stay from trial to trial.
"""

from typing import Any

import ray
import ray.train.torch

from gan_study.errors import InputError, MissingGpuError, StorageError
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.exchange import ExchangeHandle
from gan_study.search.trials.messages import TrialOrder, abort_message, failure_message, progress_message
from gan_study.training.distributed import Workers, current_workers, free_device_memory, lent_device


def serve_trials(config: dict[str, Any]) -> None:
    """Train the orders that the exchange hands to this group, until it has none left. Every rank calls this."""
    exchange: ExchangeHandle = config["exchange"]
    group: str = config["group"]
    try:
        workers = _join(config["gpus_per_worker"])
    except MissingGpuError as error:
        ray.get(exchange.fail_start.remote(group, str(error), is_fatal=True))
        raise
    while (taken := workers.from_first_rank(lambda: _take(exchange, group))) is not None:
        try:
            _train(TrialOrder.from_tune(taken), exchange, group, workers)
        except (StorageError, InputError) as error:
            # The other ranks may wait for this one, so Ray Train must start the group anew.
            message = abort_message if isinstance(error, StorageError) else failure_message
            ray.get(exchange.report.remote(group, message(str(error))))
            raise
        free_device_memory()


def _take(exchange: ExchangeHandle, group: str) -> dict[str, Any] | None:
    order: dict[str, Any] | None = ray.get(exchange.take.remote(group))
    return order


def _join(gpus_per_worker: float) -> Workers:
    device = ray.train.torch.get_device()
    if device.type != "cuda":
        lent_device(gpus_per_worker)  # raises if a GPU was requested
    return current_workers(device)


def _train(order: TrialOrder, exchange: ExchangeHandle, group: str, workers: Workers) -> None:
    """Train one trial until it ends, pauses or is stopped. The exchange's answer reaches all ranks at once."""
    training = begin_trial(order, workers)
    try:
        for progress in training:
            message = progress_message(progress, order)
            if not workers.from_first_rank(lambda: ray.get(exchange.report.remote(group, message))):  # noqa: B023
                return
    finally:
        training.close()
