"""A trial's files as the loop reads and writes them: where to go on from, how it stands, how it ended."""

import os
import socket
import time

from gan_study.config.thresholds import Thresholds
from gan_study.config.training import TrainingConfig
from gan_study.diagnosis.evidence import trial_evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.errors import InputError
from gan_study.runs.counted import best_evaluation
from gan_study.runs.diagnosis import VerdictName
from gan_study.runs.records import EvaluationRecord, TrialState, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.evaluate import sample_grid_png
from gan_study.training.state import TrainingState
from gan_study.training.steps import FailedStep


def load_latest(
    state: TrainingState, folder: TrialFolder, workers: Workers
) -> tuple[TrialStatus, list[EvaluationRecord]]:
    """Bring `state` to the folder's checkpoint, if it has one; the status to go on with, and what was measured.

    Evaluations after the checkpoint belong to a process that died; they come again. Collective. Raises InputError if
    the checkpoint is damaged.
    """
    checkpoint, status, evaluations = workers.from_first_rank(lambda: _read_latest(folder))
    if status.state.is_final:
        return status, evaluations
    if checkpoint is not None:
        _load(state, checkpoint, folder.checkpoint_location(status.cur_nimg))
    status = status.model_copy(update={"rollbacks": state.rollbacks})
    if workers.is_first:
        folder.write_status(status)
    return status, [e for e in evaluations if checkpoint is not None and e.cur_nimg <= state.counters.cur_nimg]


def read_end(folder: TrialFolder) -> TrialStatus | None:
    """How a trial has ended by its study's word, which may come while it trains; None if it has not.

    From there on its files are left alone.
    """
    status = folder.read_status()
    return status if status is not None and status.state.is_final else None


def write_images(state: TrainingState, folder: TrialFolder, training: TrainingConfig) -> None:
    """Write the samples and the snapshot of the generator as it is."""
    cur_nimg = state.counters.cur_nimg
    folder.write_samples(cur_nimg, sample_grid_png(state.g_ema, training))
    folder.write_snapshot(cur_nimg, state.snapshot())


def write_progress(
    state: TrainingState, status: TrialStatus, evaluations: list[EvaluationRecord], folder: TrialFolder
) -> None:
    """Write metrics and where the trial goes on from, after `write_images`; keep the newest and the best snapshot.

    The former best is removed last: a process that dies before goes on from a checkpoint to which it is the best. If
    the study has given the trial up meanwhile, nothing is written.
    """
    if read_end(folder) is not None:
        return
    folder.write_evaluations(evaluations)
    write_standing(state, status, folder)
    best = best_evaluation(evaluations)
    folder.keep_snapshots({e.cur_nimg for e in (evaluations[-1], best) if e is not None})


def write_standing(state: TrainingState, status: TrialStatus, folder: TrialFolder) -> None:
    """Write, in an order that survives a crash anywhere, where the trial goes on from, or how it has ended.

    The checkpoint that a rollback would need is kept. A trial that has ended needs none. If the study has given the
    trial up meanwhile, nothing is written.
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


def ended(status: TrialStatus, state: TrialState, cur_nimg: int, reason: str | None = None) -> TrialStatus:
    """The status of a trial that has come to its end now."""
    return status.model_copy(
        update={"state": state, "cur_nimg": cur_nimg, "reason": reason, "end_time": time.time(), "pid": None}
    )


def collapse_reason(status: TrialStatus, evaluations: list[EvaluationRecord], thresholds: Thresholds) -> str | None:
    """What shows that the generator of the last evaluation has collapsed totally, or is not finite; else None."""
    verdict = evidence_to_verdict(trial_evidence(status, evaluations), thresholds)
    if verdict.name not in (VerdictName.DIVERGED, VerdictName.TOTAL_COLLAPSE):
        return None
    return " ".join(finding.sentence for finding in verdict.decisive)


def collapsed(status: TrialStatus, cur_nimg: int, reason: str) -> TrialStatus:
    """The status of a trial that ends now because its generator has collapsed."""
    ending = ended(status, TrialState.STOPPED, cur_nimg, f"collapsed: {reason}")
    return ending.model_copy(update={"collapsed": True})


def diverged(status: TrialStatus, failed_step: FailedStep, state: TrainingState, workers: Workers) -> TrialStatus:
    """Return the status of a trial that ends now because of a failed step. Collective."""
    reason = divergence_reason(failed_step, state, workers)
    status = ended(status, TrialState.DIVERGED, state.counters.cur_nimg, reason)
    return status.model_copy(update={"seconds": state.counters.seconds})


def divergence_reason(failed_step: FailedStep, state: TrainingState, workers: Workers) -> str:
    """Return which loss or gradient is not finite, and at which step. Collective."""
    network, counters = failed_step.network, state.counters
    measures = next(m for m in workers.gather(failed_step.measures) if not m.is_finite)
    # The generator's turn comes when the discriminator's step of the same round is made and counted.
    step = counters.num_d_steps + 1 if network == "discriminator" else counters.num_d_steps
    return (
        f"the {network}'s loss or gradient is not finite (loss {measures.loss:g}, gradient norm "
        f"{measures.grad_norm:g}) at discriminator step {step}, after {counters.cur_nimg:,} images"
    )


def _load(state: TrainingState, checkpoint: bytes, place: str) -> None:
    try:
        state.load_bytes(checkpoint)
    except Exception as error:  # torch.load has no error of its own
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise InputError(
            f"{place}: a checkpoint must be whole and of this training, but is cut short, damaged or another's; copy "
            f"it again, or remove it: the trial then begins at the one before it, or anew ({reason})"
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
