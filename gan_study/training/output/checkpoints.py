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
from gan_study.training.state import TrainingState


class TakenOverError(GanStudyError):
    """Another process trains the trial of this one, which was cut off from the cluster for a while."""


def load_latest(
    state: TrainingState, folder: TrialFolder, workers: Workers
) -> tuple[TrialStatus, list[EvaluationRecord]]:
    """Load the folder's checkpoint, if there is one, into `state`; return the trial's status and evaluations so far.

    Evaluations after the checkpoint are left out: the process that made them died, and they will be repeated.
    Collective. Raises InputError if the checkpoint is damaged.
    """
    checkpoint, status, evaluations = workers.from_first_rank(lambda: _read_latest(folder))
    if status.state.is_final:
        return status, evaluations
    if checkpoint is not None:
        _load(state, checkpoint, folder.checkpoint_location(status.cur_nimg))
    status = status.model_copy(update={"rollbacks": state.rollbacks})
    workers.on_first_rank(lambda: folder.write_status(status))
    return status, [e for e in evaluations if checkpoint is not None and e.cur_nimg <= state.counters.cur_nimg]


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

    Call it after `write_images`. The former best snapshot is deleted last: if the process dies before, the trial
    resumes from a checkpoint for which it is still the best. If the study has ended the trial meanwhile, nothing is
    written.
    """
    if read_end(folder) is not None:
        return
    folder.write_evaluations(evaluations)
    write_checkpoint_or_end(state, status, folder)
    best = best_evaluation(evaluations)
    folder.keep_snapshots({e.cur_nimg for e in (evaluations[-1], best) if e is not None})


def write_checkpoint_or_end(state: TrainingState, status: TrialStatus, folder: TrialFolder) -> None:
    """Write the checkpoint of a running trial, or the status of one that has ended, so that no crash leaves damage.

    The checkpoint that a rollback would need is kept. A trial that has ended keeps none. If the study has ended the
    trial meanwhile, nothing is written.
    """
    if read_end(folder) is not None:
        return
    cur_nimg = state.counters.cur_nimg
    if status.state.is_final:
        folder.write_status(status)
        folder.delete_checkpoints()
        return
    folder.replace_checkpoint(cur_nimg, state.to_bytes(), state.healthy_nimg)
    if status.rollbacks and status.rollbacks[-1].cur_nimg == cur_nimg:
        folder.write_status(status)


def _load(state: TrainingState, checkpoint: bytes, place: str) -> None:
    try:
        state.load_bytes(checkpoint)
    except Exception as error:  # torch.load has no exception class of its own
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise InputError(
            f"{place}: a checkpoint must be whole and of this training, but got one that is cut short, damaged or "
            f"another training's ({reason}); copy it again, or delete it: the trial then resumes from the checkpoint "
            "before it, or starts again"
        ) from error


def _read_latest(folder: TrialFolder) -> tuple[bytes | None, TrialStatus, list[EvaluationRecord]]:
    status = folder.read_status()
    nimgs = folder.checkpoint_nimgs()
    if status is not None and status.state.is_final:
        return None, status, folder.read_evaluations()
    running = TrialStatus(
        state=TrialState.RUNNING,
        cur_nimg=nimgs[-1] if nimgs else 0,
        num_restarts=status.num_restarts + (not status.is_paused) if status else 0,
        pid=os.getpid(),
        host=socket.gethostname(),
        start_time=status.start_time if status else time.time(),
    )
    return folder.read_checkpoint(nimgs[-1]) if nimgs else None, running, folder.read_evaluations()
