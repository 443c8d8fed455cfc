"""The trials of a process: a slot trains one order after another, and the slots of a process train at once."""

import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import torch

from gan_study.errors import InputError, StorageError, first_line
from gan_study.search.trials.begin_trial import begin_trial
from gan_study.search.trials.messages import TrialOrder, abort_message, failure_message, progress_message
from gan_study.training.distributed import Workers, free_device_memory


class Link(Protocol):
    """The line of a slot to the exchange; see `TrialExchange`."""

    def take(self) -> dict[str, Any] | None:
        """Return the next order, or the present one again after a failure; None if none will come."""

    def report(self, message: dict[str, Any]) -> bool:
        """Pass a Tune result on; return True if the trial goes on."""

    def fail(self, reason: str) -> None:
        """Report an error of the present trial alone."""


def serve_alone(link: Link, workers: Workers) -> None:
    """Train orders, one at a time, until none will come. All ranks call this, and an error must end their processes."""
    while (taken := workers.from_first_rank(link.take)) is not None:
        try:
            _train(TrialOrder.from_tune(taken), link, workers)
        except (StorageError, InputError) as error:
            # The other ranks may wait for this one, so Ray Train must start the group anew.
            link.report(_last_message(error))
            raise
        free_device_memory()


def serve_together(links: Sequence[Link], device: torch.device) -> None:
    """Train orders of several slots at once, each in a thread of its own, until none will come.

    An error in one trial leaves the others alone. Raises an error only if the process is of no more use: it has lost
    its GPU or the exchange. The other threads then still run.
    """
    if device.type == "cuda":
        # Each scoring turns TF32 off for a while, for all threads: the trainings must not depend on that.
        torch.backends.cudnn.allow_tf32 = False
    folders: dict[tuple[str, str, str], threading.Lock] = {}
    pool = ThreadPoolExecutor(len(links), "slot")
    slots = [pool.submit(_serve_slot, link, device, folders) for link in links]
    try:
        for slot in wait(slots, return_when=FIRST_EXCEPTION).done:
            slot.result()
    finally:
        pool.shutdown(wait=False)


def _serve_slot(link: Link, device: torch.device, folders: dict[tuple[str, str, str], threading.Lock]) -> None:
    """Train orders until none will come.

    folders: a lock for each trial's folder. A Tune trial that begins anew may come to this slot while another slot has
    not left it yet.
    """
    with _own_stream(device):
        while (taken := link.take()) is not None:
            order = TrialOrder.from_tune(taken)
            folder = folders.setdefault((order.run_folder, order.config.arm, order.config.name), threading.Lock())
            try:
                with folder:
                    _train(order, link, Workers(device=device))
            except (StorageError, InputError) as error:
                link.report(_last_message(error))
            except torch.AcceleratorError:
                raise  # The GPU then fails for all threads, until the process is replaced.
            except Exception as error:
                traceback.print_exc()  # for Ray's log
                link.fail(f"{type(error).__name__}: {first_line(error)}")
            free_device_memory()


def _train(order: TrialOrder, link: Link, workers: Workers) -> None:
    """Train one trial until it ends, pauses or is stopped. The exchange's answer reaches all ranks at once."""
    training = begin_trial(order, workers)
    try:
        for progress in training:
            if not workers.from_first_rank(partial(link.report, progress_message(progress, order))):
                return
    finally:
        training.close()


def _last_message(error: StorageError | InputError) -> dict[str, Any]:
    return abort_message(str(error)) if isinstance(error, StorageError) else failure_message(str(error))


@contextmanager
def _own_stream(device: torch.device) -> Iterator[None]:
    """Give this thread a stream of its own on a GPU, so that its work there does not wait for other threads' work."""
    if device.type != "cuda":
        yield
        return
    with torch.cuda.stream(torch.cuda.Stream(device)):
        yield
