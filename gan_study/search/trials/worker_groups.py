"""The worker groups of a study: Ray Train starts each once, and it then serves trials, one at a time or several.

A group takes many times as long to start as a small trial takes to train.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayActorError, RayTaskError
from ray.train import ControllerError, FailureConfig, RunConfig, ScalingConfig, UserCallback
from ray.train.torch import TorchConfig, TorchTrainer
from ray.tune.experiment import Trial

from gan_study.config.study import ResourcesConfig
from gan_study.errors import first_line
from gan_study.runs.records.status import LOST_PROCESS
from gan_study.search.trials.exchange import ExchangeHandle, TrialExchange, slot_names
from gan_study.search.trials.serve_trials import serve_trials

HEAD = {"node:__internal_head__": 0.001}
"""A resource of the head node alone, which is not pre-emptible; processes that only wait or pass messages on ask it."""
_COLLECTIVE_LIMIT_SEC = 1800
"""Seconds that a rank waits for the others in one collective call before its group starts anew."""
_IDLE_LIMIT_SEC = 60.0
"""Seconds after which a group without a trial ends, so that a cluster can give its machines back."""
_END_LIMIT_SEC = 30.0
"""Seconds that the end of a study waits for its groups to end."""
RESIZE_SEC = 60.0
"""Least seconds between two changes of a group's number of workers, which each start its processes anew."""


@contextmanager
def worker_groups(
    resources: ResourcesConfig, scratch: str, on_stage: Callable[[str], None]
) -> Iterator["WorkerGroups"]:
    """Yield a study's groups, which start as its trials do. They end with the block, or with Ray after an error.

    scratch: a folder for Ray Train's files; see `scratch_folder`. on_stage: receives a message while a group waits for
    room on the cluster.
    """
    # An exchange that dies loses its orders. Ray restarts it, Tune then begins the trials anew, and so do the groups.
    exchange: Any = ray.remote(num_cpus=0, resources=HEAD, max_restarts=-1)(TrialExchange)
    groups = WorkerGroups(exchange.remote(resources.max_retries, _IDLE_LIMIT_SEC), resources, scratch, on_stage)
    groups.start_groups(1)  # While Tune starts the process of the first trial.
    try:
        yield groups
    except BaseException:
        groups.is_closed.set()
        raise
    groups.close()


class WorkerGroups(tune.Callback):
    """Starts as many worker groups as the Tune trials that run at once need."""

    def __init__(
        self,
        exchange: ExchangeHandle,
        resources: ResourcesConfig,
        scratch: str,
        on_stage: Callable[[str], None],
    ) -> None:
        self.exchange = exchange
        self.is_closed = threading.Event()
        """Set once no group may be started any more."""
        self._resources = resources
        self._scratch = scratch
        self._on_stage = on_stage
        self._running: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._serving: set[str] = set()
        """The groups that take orders."""
        self._lock = threading.Lock()
        self._group_numbers = count()

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Start another group if more Tune trials run than the groups train at once."""
        self._running.add(trial.trial_id)
        self.start_groups(math.ceil(len(self._running) / self._resources.trials_per_process))

    def start_groups(self, num_wanted: int) -> None:
        """Start groups until there are as many as wanted; more may run already."""
        with self._lock:
            new = [f"group_{next(self._group_numbers):03d}" for _ in range(num_wanted - len(self._serving))]
            self._serving |= set(new)
        if new:
            groups = "a group" if len(new) == 1 else f"{len(new)} groups"
            self._on_stage(f"starting {groups} of {self._resources.workers_text} workers{self._at_once()}")
        for group in new:
            self._threads.append(threading.Thread(target=self._serve, args=[group], name=group, daemon=True))
            self._threads[-1].start()

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Let the trial's group leave it, if it was stopped."""
        self._running.discard(trial.trial_id)
        self.exchange.leave.remote(trial.trial_id)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Let the trial's group leave it, since its Tune trial has died."""
        self.on_trial_complete(iteration, trials, trial)

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune saves its callbacks, but running groups cannot be saved."""
        return {}

    def close(self) -> None:
        """End the groups, which have no trials any more."""
        self.is_closed.set()
        with suppress(RayActorError):
            ray.get(self.exchange.close.remote())
        deadline = time.monotonic() + _END_LIMIT_SEC
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _serve(self, group: str) -> None:
        """Keep one group running until it has no trials left. Ray Train restarts workers, and this its controller."""
        for attempt in count(1):
            try:
                self._make_trainer(group, attempt).fit()
                # A trial that starts from now on starts a group; an order may have come in just before.
                with self._lock:
                    self._serving.discard(group)
                if self.is_closed.is_set() or not ray.get(self.exchange.num_waiting.remote()):
                    return
                with self._lock:
                    self._serving.add(group)
            except Exception as error:
                # At the end, Ray may shut down under this thread.
                if self.is_closed.is_set() or not ray.is_initialized():
                    return
                if _found_no_room(error):
                    self._on_stage(f"still waiting: {self._describe_need()}")
                    continue
                with suppress(RayActorError):
                    ray.get(self.exchange.fail_start.remote(group, _reason_of(error)))

    def _make_trainer(self, group: str, attempt: int) -> TorchTrainer:
        resources = self._resources
        assert resources.gpus_per_worker != "auto", "auto has been replaced by the cluster's answer"
        per_worker = {"CPU": float(resources.cpus_per_process)}
        if resources.gpus_per_worker > 0:
            per_worker["GPU"] = resources.gpus_per_worker
        callbacks: list[Any] = [_FailureReports(self.exchange, group)]  # Ray's annotation omits this kind
        return TorchTrainer(
            serve_trials,
            train_loop_config={
                "exchange": self.exchange,
                "slots": slot_names(group, resources.trials_per_process),
                "gpus_per_worker": resources.gpus_per_worker,
            },
            torch_config=TorchConfig(timeout_s=_COLLECTIVE_LIMIT_SEC),
            scaling_config=_scaling(resources, per_worker),
            run_config=RunConfig(
                name=f"{group}-{attempt}",
                storage_path=self._scratch,
                callbacks=callbacks,
                # Otherwise Ray gives each trial's libraries the threads of all trials of the process.
                worker_runtime_env={"env_vars": {"OMP_NUM_THREADS": str(resources.cpus_per_worker)}},
                # The exchange counts the failures of each trial since its last report.
                failure_config=FailureConfig(max_failures=-1, controller_failure_limit=0),  # type: ignore[call-arg]
            ),
        )

    def _describe_need(self) -> str:
        resources = self._resources
        return (
            f"the cluster has no room yet for {resources.min_workers} workers of "
            f"{resources.cpus_per_process} CPUs and {resources.gpus_per_worker:g} GPUs each{self._at_once()}"
        )

    def _at_once(self) -> str:
        num = self._resources.trials_per_process
        return f", for {num} trials at once" if num > 1 else ""


@dataclass
class _FailureReports(UserCallback):
    """Tells the exchange why workers of a group have failed; Ray Train calls it before it starts them anew."""

    exchange: ExchangeHandle
    group: str

    def after_exception(self, run_context: Any, worker_exceptions: dict[int, Exception]) -> None:
        """Report the failure that explains the others: a lost process makes the other ranks fail, too."""
        reasons = [_reason_of(worker_exceptions[rank]) for rank in sorted(worker_exceptions)]
        reason = next((reason for reason in reasons if reason.startswith(LOST_PROCESS)), reasons[0])
        with suppress(RayActorError):
            ray.get(self.exchange.fail.remote(self.group, reason))


def _scaling(resources: ResourcesConfig, per_worker: dict[str, float]) -> ScalingConfig:
    """Return Ray Train's description of a group's workers; their number is a range if it follows the cluster."""
    least, most = resources.min_workers, resources.max_workers
    # Ray's annotations are those of its older ScalingConfig.
    number: Any = {"num_workers": most if least == most else (least, most)}
    interval: Any = {"elastic_resize_monitor_interval_s": RESIZE_SEC}
    use_gpu = bool(resources.gpus_per_worker)
    return ScalingConfig(**number, **interval, use_gpu=use_gpu, resources_per_worker=per_worker)


def _found_no_room(error: Exception) -> bool:
    """Return True if the cluster had no room for a group within Ray Train's time."""
    # The class of the cause is no public one.
    return isinstance(error, ControllerError) and "StartupTimeout" in type(error.controller_failure).__name__


def _reason_of(error: Exception) -> str:
    """Return in one line why a worker, or the start of its group, has failed."""
    cause: Exception = getattr(error, "health_check_failure", getattr(error, "controller_failure", error))
    if isinstance(cause, RayActorError):
        return f"{LOST_PROCESS}died: {first_line(cause)}"
    if "HealthCheckTimeout" in type(cause).__name__:
        return f"{LOST_PROCESS}hung: {first_line(cause)}"
    if isinstance(cause, RayTaskError):
        cause = cause.cause
        return f"{type(cause).__name__}: {first_line(cause)}"
    return (str(cause).strip().splitlines() or [type(cause).__name__])[-1]  # A traceback ends with its exception.
