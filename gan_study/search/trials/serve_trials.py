"""The training function of a worker group: one trial after another, or several at once, as the exchange hands them out.

The processes, their imports, the process group, the data and the study's objective stay from trial to trial.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import ray
import ray.train.torch

from gan_study.errors import MissingGpuError
from gan_study.search.trials.exchange import ExchangeHandle
from gan_study.training.distributed import Workers, current_workers, lent_device


@dataclass(frozen=True)
class _ExchangeLink:
    """The line of a slot of this group's present processes to the exchange."""

    exchange: ExchangeHandle
    slot: str
    attempt: str

    def take(self) -> dict[str, Any] | None:
        order: dict[str, Any] | None = ray.get(self.exchange.take.remote(self.slot, self.attempt))
        return order

    def report(self, message: dict[str, Any]) -> bool:
        train_on: bool = ray.get(self.exchange.report.remote(self.slot, self.attempt, message))
        return train_on

    def fail(self, reason: str) -> None:
        ray.get(self.exchange.fail.remote(self.slot, reason))


def serve_trials(config: dict[str, Any]) -> None:
    """Train the orders that the exchange hands to this group, until it has none left. Every rank calls this."""
    # Imported here because Ray Train's controller, too, imports this file, and the workers wait for it.
    from gan_study.search.trials.serving import serve_alone, serve_together

    exchange: ExchangeHandle = config["exchange"]
    slots: list[str] = config["slots"]
    try:
        workers = _join(config["gpus_per_worker"])
    except MissingGpuError as error:
        ray.get(exchange.fail_start.remote(slots[0], str(error), is_fatal=True))
        raise
    attempt = workers.from_first_rank(lambda: uuid4().hex)
    links = [_ExchangeLink(exchange, slot, attempt) for slot in slots]
    if len(links) == 1:
        serve_alone(links[0], workers)
    else:
        serve_together(links, workers.device)


def _join(gpus_per_worker: float) -> Workers:
    device = ray.train.torch.get_device()
    if device.type != "cuda":
        lent_device(gpus_per_worker)  # raises if a GPU was requested
    return current_workers(device)
