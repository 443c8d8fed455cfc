"""The Ray cluster of a study, started on this machine or joined."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

# Ray reads these when it is imported.
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# A job of `ray job submit` may name in its own environment what is passed on to workers below.
os.environ.setdefault("RAY_OVERRIDE_JOB_RUNTIME_ENV", "1")
# Otherwise Tune starts one trial's process at a time, ends it when another host has a free one meanwhile, and asks a
# cluster that grows for one machine at a time. The director limits the number of trials.
os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", str(10**9))
# Otherwise Tune also writes every result of every trial into three files of its own.
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")

# Otherwise Ray starts a process for each CPU that no trial can use, because it lacks the environment set up below.
os.environ.setdefault("RAY_prestart_worker_first_driver", "0")

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
from gan_study.runs.outage import WAIT_ENVIRONMENT
from gan_study.search.capacity import Growth, Machine
from gan_study.search.exposure import listening_on_loopback
from gan_study.search.growth import read_growth

_SETUP_HOOK = "gan_study.search.worker_process.prepare_worker_process"
_PASSED_ON = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", WAIT_ENVIRONMENT)
"""Environment variables that every process of ours needs as the driver has them. None of them holds a secret."""
_OBJECT_STORE_BYTES = 256 * 1024**2
"""Ray's object store; trials exchange only small dictionaries."""


@dataclass(frozen=True)
class Host:
    """A machine of a cluster, for the record of a study."""

    name: str
    """The name that it has for itself."""
    resources: str
    """Its CPUs and GPUs in words."""


@dataclass(frozen=True)
class Cluster:
    """The machines that a study can use."""

    machines: tuple[Machine, ...]
    """The machines at the start of the command."""
    growth: Growth | None
    """The machines that its autoscaler may start; None if nothing shows that it has one."""
    joined: bool
    """True if it ran before the study and may grow, False if it was started for the study."""


@contextmanager
def connected(
    address: str | None, verbose: bool, with_dashboard: bool, on_hang: Callable[[str], None]
) -> Iterator[Cluster]:
    """Start Ray on this machine, or join the cluster at `address`; leave it at the end.

    with_dashboard: start Ray's dashboard, a dozen processes that take much of two cores. Trials with many workers need
    it, because it frees the room of a group of workers whose controller has died (ray#54305). on_hang: see `shut_down`.

    Raises InputError if there is no cluster at `address`, or this process is connected to one already.
    """
    if ray.is_initialized():
        raise InputError(
            "Ray: a study connects its process to Ray and leaves it at its end, but got a process that is connected "
            "already; call ray.shutdown() first, and give the address of a cluster that the study is to use"
        )
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    runtime_env = {"worker_process_setup_hook": _SETUP_HOOK, "env_vars": passed_on}
    # The run folder says why trials have failed, without Ray's tracebacks.
    level = logging.INFO if verbose else logging.CRITICAL
    for name in ("ray", "ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(level)
    try:
        if address is None:
            with listening_on_loopback():
                ray.init(
                    address="local",
                    include_dashboard=with_dashboard,
                    dashboard_host="127.0.0.1",
                    object_store_memory=_OBJECT_STORE_BYTES,
                    runtime_env=runtime_env,
                    log_to_driver=verbose,
                    logging_level=level,
                )
        else:
            ray.init(address=address, runtime_env=runtime_env, log_to_driver=verbose, logging_level=level)
    except (ConnectionError, ValueError) as error:
        raise InputError(
            f"--address: a Ray cluster must be running there, but got address={address} "
            f"({first_line(error)}); start one with `ray up cluster.yaml`, or leave --address out. If one runs there, "
            "set RAY_AUTH_MODE=token and have its token in ~/.ray/auth_token"
        ) from error
    except Exception as error:  # Ray has no special class for a failed start, as on an overloaded machine
        if address is not None:
            raise InputError(
                f"--address: the Ray cluster there must let this machine join, but got address={address} "
                f"({first_line(error)}); look at RAY_AUTH_MODE, at the token in ~/.ray/auth_token or "
                "RAY_AUTH_TOKEN_PATH, and at the versions of Ray and Python on both sides"
            ) from error
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


def gpus_per_worker(resources: ResourcesConfig, cluster: Cluster) -> float:
    """Return the GPUs, or the share of one, that each worker requests.

    Raises InputError if `auto` cannot be decided, because the machines that train are still to come.
    """
    if resources.gpus_per_worker != "auto":
        return resources.gpus_per_worker
    coming = () if cluster.growth is None else cluster.growth.types
    if coming is None and not any(machine.num_cpus for machine in cluster.machines):
        raise InputError(
            "resources.gpus_per_worker: auto needs a machine that trains, or a list of those that may come, but got a "
            "cluster without either; give a number such as 1 or 0 (--set resources.gpus_per_worker=1)"
        )
    machines = [*cluster.machines, *(each.machine for each in coming or ())]
    return 1.0 if any(machine.num_gpus for machine in machines) else 0.0


def machines_of(nodes: Iterable[Mapping[str, Any]]) -> tuple[Machine, ...]:
    """Return what the nodes, as `ray.nodes()` describes them, lend to trials."""
    resources = (node["Resources"] for node in nodes)
    return tuple(Machine(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in resources)


def living_nodes() -> list[dict[str, Any]]:
    """Return the nodes of the cluster that are alive."""
    return [node for node in ray.nodes() if node["Alive"]]


def hosts_of(nodes: Iterable[Mapping[str, Any]]) -> dict[str, Host]:
    """Return the machines of the nodes, by the node's number."""
    return {node["NodeID"]: Host(node["NodeManagerHostname"], _resources_text(node["Resources"])) for node in nodes}


def _resources_text(resources: Mapping[str, float]) -> str:
    # Ray reports the memory that was free when it started, which does not describe the machine.
    kinds = "".join(f" ({name.split(':')[1]})" for name in resources if name.startswith("accelerator_type:"))
    return f"{resources.get('CPU', 0):g} CPUs, {resources.get('GPU', 0):g} GPUs{kinds}"


def _describe(joined: bool) -> Cluster:
    nodes = living_nodes()
    return Cluster(machines_of(nodes), read_growth(nodes) if joined else None, joined)
