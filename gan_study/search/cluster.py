"""The Ray cluster of a study, started on this machine or joined, and the number of trials that fit on it."""

import logging
import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Ray reads these when it is imported.
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# Otherwise Tune starts one trial's process at a time, ends it when another host has a free one meanwhile, and asks a
# cluster that grows for one machine at a time. The director limits the number of trials.
os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", str(10**9))
# Otherwise Tune also writes every result of every trial into three files of its own.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")

# Ray Train passes these on to its controllers and workers. Its watcher of machines that will be taken away is a process
# for each group of workers; without it, such a machine is lost like any other, and the trial resumes elsewhere.
os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
os.environ.setdefault("RAY_TRAIN_METRICS_ENABLED", "0")
os.environ.setdefault("RAY_TRAIN_ENABLE_CONTROLLER_STRUCTURED_LOGGING", "0")
os.environ.setdefault("RAY_TRAIN_ENABLE_WORKER_STRUCTURED_LOGGING", "0")
# Seconds between two looks at the workers, and without an answer until a worker counts as hung.
os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.5")
os.environ.setdefault("RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S", "120")

import ray

from gan_study.config.study import ResourcesConfig
from gan_study.errors import InputError, first_line
from gan_study.search.network_interface import choose_network_interface

_RUNTIME_ENV = {"worker_process_setup_hook": "gan_study.search.cluster.prepare_worker_process"}
_OBJECT_STORE_BYTES = 256 * 1024**2
"""Ray's object store; trials exchange only small dictionaries."""


@dataclass(frozen=True)
class Cluster:
    """The machines that a study can use."""

    num_cpus: float
    num_gpus: float
    hosts: tuple[str, ...]
    """Description of each machine."""
    joined: bool
    """True if it ran before the study and may grow, False if it was started for the study."""


@contextmanager
def connected(
    address: str | None, verbose: bool, with_dashboard: bool, on_hang: Callable[[str], None]
) -> Iterator[Cluster]:
    """Start Ray on this machine, or join the cluster at `address`; leave it at the end.

    with_dashboard: start Ray's dashboard, a dozen processes that take much of two cores. Trials with many workers need
    it, because it frees their resources when they are stopped (ray#54305). on_hang: see `shut_down`.

    Raises InputError if there is no cluster at `address`.
    """
    # The run folder says why trials have failed, without Ray's tracebacks.
    level = logging.INFO if verbose else logging.CRITICAL
    for name in ("ray", "ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(level)
    try:
        if address is None:
            ray.init(
                address="local",
                include_dashboard=with_dashboard,
                dashboard_host="127.0.0.1",
                object_store_memory=_OBJECT_STORE_BYTES,
                runtime_env=_RUNTIME_ENV,
                log_to_driver=verbose,
                logging_level=level,
            )
        else:
            ray.init(address=address, runtime_env=_RUNTIME_ENV, log_to_driver=verbose, logging_level=level)
    except (ConnectionError, ValueError) as error:
        raise InputError(
            f"--address: a Ray cluster must be running there, but got address={address} "
            f"({first_line(error)}); start one with `ray up cluster.yaml`, or leave --address out"
        ) from error
    except Exception as error:  # Ray has no special class for a failed start, as on an overloaded machine
        raise InputError(
            f"Ray: it must start on this machine, but got an error ({first_line(error)}); try again when the machine "
            "is less busy, and look at the space below /tmp and the free memory"
        ) from error
    try:
        yield _describe(joined=address is not None)
    finally:
        shut_down(on_hang)


def shut_down(on_hang: Callable[[str], None], limit_sec: float = 60.0) -> None:
    """Leave Ray, which waits for its own threads without a limit.

    `on_hang` is called from another thread, with the reason in words, if that takes longer than `limit_sec`.
    """
    timer = threading.Timer(limit_sec, on_hang, [f"it had not shut down after {limit_sec:g} seconds"])
    timer.daemon = True
    timer.start()
    ray.shutdown()
    timer.cancel()


def prepare_worker_process() -> None:
    """Set the environment variables of a worker process; Ray calls this at its start."""
    # Ray Train frees the resources of a stopped trial from a separate process, which searches for its cluster and fails
    # if several run on one machine.
    os.environ["RAY_ADDRESS"] = ray.get_runtime_context().gcs_address
    choose_network_interface(ray.util.get_node_ip_address())


def gpus_per_worker(resources: ResourcesConfig, cluster: Cluster) -> float:
    """Return the GPUs, or the share of one, that each worker requests."""
    if resources.gpus_per_worker != "auto":
        return resources.gpus_per_worker
    return 1.0 if cluster.num_gpus > 0 else 0.0


def num_concurrent_trials(resources: ResourcesConfig, gpus: float, cluster: Cluster) -> int:
    """Return how many trials run at once. Raise InputError, with the numbers, if not even one fits.

    A joined cluster may grow on demand, so a given max_concurrent_trials is not compared with its present size.
    """
    cpus_needed = resources.workers_per_trial * resources.cpus_per_worker
    gpus_needed = resources.workers_per_trial * gpus
    fits = math.floor(cluster.num_cpus / cpus_needed)
    if gpus_needed:
        fits = min(fits, math.floor(cluster.num_gpus / gpus_needed + 1e-9))
    wanted = resources.max_concurrent_trials
    if cluster.joined and wanted != "auto":
        return wanted
    if fits == 0:
        raise InputError(
            f"resources: one trial must fit on the cluster, but got {cpus_needed} CPUs and {gpus_needed:g} GPUs "
            f"needed (workers_per_trial={resources.workers_per_trial}, cpus_per_worker={resources.cpus_per_worker}, "
            f"gpus_per_worker={gpus:g}) with {cluster.num_cpus:g} CPUs and {cluster.num_gpus:g} GPUs there; lower "
            "these, or set resources.max_concurrent_trials if the cluster grows on demand"
        )
    return fits if wanted == "auto" else min(fits, wanted)


def _describe(joined: bool) -> Cluster:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    hosts = tuple(
        # Ray reports the memory that was free when it started, which does not describe the machine.
        f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs"
        + "".join(f" ({name.split(':')[1]})" for name in node if name.startswith("accelerator_type:"))
        for node in nodes
    )
    total = ray.cluster_resources()
    return Cluster(total.get("CPU", 0.0), total.get("GPU", 0.0), hosts, joined)
