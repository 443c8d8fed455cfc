"""The training function of a worker group, which Ray Train runs on each rank: it trains trial after trial.

The processes, their imports, the process group, the data and the study's objective stay from trial to trial.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import ray
import ray.train.torch

from gan_study.errors import InputError, MissingGpuError, StorageError
from gan_study.search.trials.exchange import ExchangeHandle
from gan_study.search.trials.messages import TrialOrder, abort_message, failure_message, progress_message
from gan_study.training.distributed import Workers, current_workers, free_device_memory, lent_device


@dataclass(frozen=True)
class _Link:
    """The line of this group's present processes to the exchange."""

    exchange: ExchangeHandle
    group: str
    attempt: str

    def take(self) -> dict[str, Any] | None:
        order: dict[str, Any] | None = ray.get(self.exchange.take.remote(self.group, self.attempt))
        return order

    def report(self, message: dict[str, Any]) -> bool:
        train_on: bool = ray.get(self.exchange.report.remote(self.group, self.attempt, message))
        return train_on


def serve_trials(config: dict[str, Any]) -> None:
    """Train the orders that the exchange hands to this group, until it has none left. Every rank calls this."""
    exchange: ExchangeHandle = config["exchange"]
    group: str = config["group"]
    try:
        workers = _join(config["gpus_per_worker"])
    except MissingGpuError as error:
        ray.get(exchange.fail_start.remote(group, str(error), is_fatal=True))
        raise
    link = _Link(exchange, group, workers.from_first_rank(lambda: uuid4().hex))
    while (taken := workers.from_first_rank(link.take)) is not None:
        try:
            _train(TrialOrder.from_tune(taken), link, workers)
        except (StorageError, InputError) as error:
            # The other ranks may wait for this one, so Ray Train must start the group anew.
            message = abort_message if isinstance(error, StorageError) else failure_message
            link.report(message(str(error)))
            raise
        free_device_memory()


def _join(gpus_per_worker: float) -> Workers:
    device = ray.train.torch.get_device()
    if device.type != "cuda":
        lent_device(gpus_per_worker)  # raises if a GPU was requested
    return current_workers(device)


def _train(order: TrialOrder, link: _Link, workers: Workers) -> None:
    """Train one trial until it ends, pauses or is stopped. The exchange's answer reaches all ranks at once."""
    # Imported here because Ray Train's controller, too, imports this file, and the workers wait for it.
    from gan_study.search.trials.begin_trial import begin_trial

    training = begin_trial(order, workers)
    try:
        for progress in training:
            if not workers.from_first_rank(partial(link.report, progress_message(progress, order))):
                return
    finally:
        training.close()
