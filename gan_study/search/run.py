"""One run of a study on a Ray cluster, from the objective to the last confirmation, new or resumed."""

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress

import optuna

from gan_study.config.plan.search_text import idle_room_text
from gan_study.config.rules.check import resource_faults
from gan_study.config.study import StudyConfig
from gan_study.errors import GanStudyError, InputError, StorageError, first_line
from gan_study.runs.folder import RunFolder
from gan_study.runs.process_identity import process_identity
from gan_study.runs.records.status import StudyStatus
from gan_study.runs.secrets import without_secrets
from gan_study.search.address import require_reachable
from gan_study.search.cluster import Host, connected, gpus_per_worker
from gan_study.search.director.director import Director
from gan_study.search.environment import record_environment, record_hosts
from gan_study.search.following import ClusterFollower
from gan_study.search.prepare import prepare_on_cluster
from gan_study.search.sampling.fanova import study_importance
from gan_study.search.sampling.optuna_file import OptunaFile
from gan_study.search.shared_folder import require_shared
from gan_study.search.trackers.packages import require_trackers
from gan_study.search.watch import LOSSES, ClusterLostError, watched


def run_study(
    study: StudyConfig,
    folder: RunFolder,
    *,
    address: str | None = None,
    verbose: bool = False,
    command: str | None = None,
    on_start: Callable[[Director], None] = lambda director: None,
    on_change: Callable[[], None] = lambda: None,
    on_stage: Callable[[str], None] = lambda stage: None,
    on_progress: Callable[[str], None] = lambda progress: None,
    on_loss: Callable[[ClusterLostError], None] = lambda error: None,
) -> Director:
    """Run all trials of a study that the run folder does not hold yet.

    Args:
        study: the study in the folder's study.yaml.
        folder: the run folder, with study.yaml written.
        address: a running Ray cluster; None starts Ray on this machine.
        verbose: show Ray's own messages.
        command: what has started the study, for the record; None for the command line of this process.
        on_start: receives the director before the first trial.
        on_change: is called after every change of the director's trials.
        on_stage: receives a message at every step before the first trial, and about trackers that fail.
        on_progress: receives the progress of such a step repeatedly, if it takes long.
        on_loss: is called from another thread if the cluster is lost, after which this function may never return.

    Raises:
        InputError: the data, the cluster, the resources or a tracker's package is missing.
        StorageError: the run folder cannot be written, or no trial can train; the study can be resumed.
        ClusterLostError: Ray reports that the cluster is lost; the study can be resumed.
    """
    require_trackers(study.trackers)
    optuna.logging.set_verbosity(optuna.logging.INFO if verbose else optuna.logging.WARNING)
    if address is not None:
        require_reachable(address)
    status = _begin(folder)
    start = time.monotonic() - status.elapsed_sec  # as if earlier attempts had come right before this one

    def report_loss(reason: str) -> None:
        error = ClusterLostError(folder.location, reason)
        with suppress(StorageError):
            known = folder.read_study_status()
            if known is not None and known.pid == os.getpid():
                _finish(folder, known, "interrupted", start, error)
        on_loss(error)

    def record_status(num_concurrent: int, waiting_for: str | None) -> None:
        nonlocal status
        elapsed_sec = time.monotonic() - start
        changes = {"num_concurrent_trials": num_concurrent, "waiting_for": waiting_for, "elapsed_sec": elapsed_sec}
        status = status.model_copy(update=changes)
        folder.write_study_status(status)

    is_recorded = False

    def record_new_hosts(hosts: Iterable[Host]) -> None:
        if is_recorded:
            record_hosts(folder, hosts)

    try:
        on_stage("starting Ray" if address is None else f"joining Ray at {address}")
        with (
            connected(address, verbose, study.resources.needs_groups, report_loss) as cluster,
            _explained_loss(folder),
            nullcontext() if address is not None and address.startswith("ray://") else watched(report_loss),
        ):
            gpus = gpus_per_worker(study.resources, cluster)
            resources = study.resources.model_copy(update={"gpus_per_worker": gpus})
            if faults := list(resource_faults(resources)):
                raise InputError([f"{'.'.join(map(str, fault.path))}: {fault.rule}" for fault in faults])
            study = study.model_copy(update={"resources": resources})
            follower = ClusterFollower(cluster, resources, on_stage, record_status, record_new_hosts)
            if remark := idle_room_text(study, min(follower.num_fitting, follower.num_wanted())):
                on_stage(remark)
            if address is not None:
                require_shared(folder)
            on_stage("preparing the data and the extractor")
            # The task may use the cores of all trials, since none runs yet; on a joined cluster only those it requests.
            num_workers = 1 if cluster.joined else follower.num_wanted() * resources.min_workers
            num_threads = resources.cpus_per_worker * num_workers

            def show_progress(text: str) -> None:
                if follower.look() is None:
                    on_progress(text)

            objective = prepare_on_cluster(study, folder, num_threads, show_progress)
            for warning in objective.data_warnings:
                on_stage(f"warning: {warning}")
            if warning := record_environment(folder, follower.hosts, study, command):
                on_stage(f"warning: {warning}")
            is_recorded = True
            with OptunaFile(folder) as optuna_file:

                def change() -> None:
                    optuna_file.write_changes()
                    on_change()

                director = Director(study, folder, objective, optuna_file.storage, follower.num_wanted(), change)
                optuna_file.allow_writing()
                on_start(director)
                if not director.finished:
                    from gan_study.search.tuning import run_trials  # `prepare_on_cluster` has imported it

                    run_trials(director, folder, study, follower, verbose, on_stage)
            if director.abort_reason is not None:
                raise StorageError(director.abort_reason)
            folder.write_importance(study_importance(study, director))
    except BaseException as error:
        with suppress(StorageError):  # it may be the reason for the end
            _finish(folder, status, "interrupted", start, error)
        raise
    _finish(folder, status, "completed", start)
    return director


def _begin(folder: RunFolder) -> StudyStatus:
    """Write that this process works on the run folder, also in the minutes before the first trial."""
    before = folder.read_study_status()
    status = StudyStatus(
        state="running",
        start_time=before.start_time if before else time.time(),
        elapsed_sec=before.elapsed_sec if before else 0.0,
        num_concurrent_trials=before.num_concurrent_trials if before else 1,
        pid=os.getpid(),
        host=socket.gethostname(),
        process=process_identity(os.getpid()),
    )
    folder.write_study_status(status)
    return status


@contextmanager
def _explained_loss(folder: RunFolder) -> Iterator[None]:
    try:
        yield
    except LOSSES as error:
        raise ClusterLostError(folder.location, f"Ray says: {first_line(error)}") from error


def _finish(
    folder: RunFolder, status: StudyStatus, state: str, start: float, error: BaseException | None = None
) -> None:
    reason = without_secrets(str(error)) if isinstance(error, GanStudyError) else None
    end = {"state": state, "reason": reason, "elapsed_sec": time.monotonic() - start, "pid": None, "waiting_for": None}
    folder.write_study_status(status.model_copy(update=end))
