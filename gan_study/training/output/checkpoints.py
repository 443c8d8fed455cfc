"""A trial's files during training: the checkpoint to resume from, images, metrics, and the status at the end."""

import os
import socket
import time

from gan_study.config.training import TrainingConfig
from gan_study.errors import GanStudyError, InputError
from gan_study.runs.counted_generator import best_evaluation
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.output.sample_grid import sample_grid_png
from gan_study.training.state import TrainingState, is_whole


class TakenOverError(GanStudyError):
    """Another process trains the trial of this one, which was cut off from the cluster for a while."""


def load_latest(
    state: TrainingState, folder: TrialFolder, workers: Workers
) -> tuple[TrialStatus, list[EvaluationRecord]]:
    """Load the folder's checkpoint, if there is one, into `state`; return the trial's status and evaluations so far.

    A damaged checkpoint is removed, and the one before it is loaded. Evaluations after the checkpoint are left out: the
    process that made them died, or their state is lost, and they will be repeated. Collective. Raises InputError if the
    checkpoint is of another training.
    """
    checkpoint, status, evaluations = workers.from_first_rank(lambda: _read_latest(folder))
    if status.state.is_final:
        return status, evaluations
    if checkpoint is not None:
        _load(state, checkpoint, folder.checkpoint_location(status.cur_nimg))
        # A checkpoint of an older version lacks these.
        if not state.evaluations:
            state.evaluations += [e for e in evaluations if e.cur_nimg <= state.counters.cur_nimg]
        if state.counters.device_sec == 0:
            state.counters.device_sec = state.counters.seconds * workers.world_size
    status = status.model_copy(update={"rollbacks": state.rollbacks})
    workers.on_first_rank(lambda: folder.write_status(status))
    return status, state.evaluations


def read_end(folder: TrialFolder) -> TrialStatus | None:
    """Return the end that the study has given the trial, perhaps while it trains; None if it has given none.

    From then on, the training leaves the trial's files alone. Raises TakenOverError if another process trains the trial
    now, because the study took this one for lost.
    """
    status = folder.read_status()
    if status is None or status.state.is_final:
        return status
    if status.pid is not None and (status.host, status.pid) != (socket.gethostname(), os.getpid()):
        raise TakenOverError(
            f"{folder.storage.location}: one process must train a trial, but got another that trains it now "
            f"(process {status.pid} on {status.host}); this one, which the study could not reach, ends"
        )
    return None


def write_images(state: TrainingState, folder: TrialFolder, training: TrainingConfig) -> None:
    """Write the sample grid and the snapshot of the averaged generator."""
    cur_nimg = state.counters.cur_nimg
    folder.write_samples(cur_nimg, sample_grid_png(state.g_ema, training))
    folder.write_snapshot(cur_nimg, state.snapshot())


def write_progress(
    state: TrainingState, status: TrialStatus, evaluations: list[EvaluationRecord], folder: TrialFolder
) -> None:
    """Write metrics, then checkpoint or final status, and delete all snapshots but the newest and the best.

    Until the end, those that were the newest and the best one evaluation before are kept too. Call it after
    `write_images`. The former best snapshot is deleted last: if the process dies before, the trial resumes from a
    checkpoint for which it is still the best. If the study has ended the trial meanwhile, nothing is written.
    """
    if read_end(folder) is not None:
        return
    folder.write_evaluations(evaluations)
    write_checkpoint_or_end(state, status, folder)
    # A trial that returns to the checkpoint before the last needs the snapshots of then.
    moments = [evaluations] if status.state.is_final else [evaluations, evaluations[:-1]]
    kept = {e.cur_nimg for known in moments for e in (*known[-1:], best_evaluation(known)) if e is not None}
    folder.keep_snapshots(kept)


def write_checkpoint_or_end(state: TrainingState, status: TrialStatus, folder: TrialFolder) -> None:
    """Write the checkpoint of a running trial, or the status of one that has ended, so that no crash leaves damage.

    The checkpoint before it is kept, and those that a rollback would need. A trial that has ended keeps none. If the
    study has ended the trial meanwhile, nothing is written.
    """
    if read_end(folder) is not None:
        return
    cur_nimg = state.counters.cur_nimg
    if status.state.is_final:
        folder.write_status(status)
        folder.delete_checkpoints()
        return
    folder.add_checkpoint(cur_nimg, state.to_bytes(), {state.healthy_nimg, state.former_healthy_nimg})
    if status.rollbacks and status.rollbacks[-1].cur_nimg == cur_nimg:
        folder.write_status(status)


def _load(state: TrainingState, checkpoint: bytes, place: str) -> None:
    try:
        state.load_bytes(checkpoint)
    except Exception as error:  # torch.load has no exception class of its own
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise InputError(
            f"{place}: a checkpoint must be of this training, but got one of another training or with other content "
            f"({reason}); copy the trial's folder again, or delete the checkpoint: the trial then resumes from the one "
            "before it, or starts again"
        ) from error


def _read_latest(folder: TrialFolder) -> tuple[bytes | None, TrialStatus, list[EvaluationRecord]]:
    status = folder.read_status()
    if status is not None and status.state.is_final:
        return None, status, folder.read_evaluations()
    checkpoint, nimgs, damaged = None, folder.checkpoint_nimgs(), list(status.damaged_checkpoints if status else ())
    while nimgs and checkpoint is None:
        content = folder.read_checkpoint(nimgs[-1])
        if is_whole(content):
            checkpoint = content
        else:
            damaged.append(nimgs.pop())
            folder.delete_checkpoints(set(nimgs))
    running = TrialStatus(
        state=TrialState.RUNNING,
        cur_nimg=nimgs[-1] if nimgs else 0,
        num_restarts=status.num_restarts + (not status.is_paused) if status else 0,
        pid=os.getpid(),
        host=socket.gethostname(),
        start_time=status.start_time if status else time.time(),
        damaged_checkpoints=tuple(damaged),
    )
    return checkpoint, running, folder.read_evaluations()
