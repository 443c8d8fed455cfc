"""A training's answer to collapse and divergence: to continue, to end, or to return to the last healthy state.

A rollback never resets the images seen. All random numbers of a step are a function of them, so a training that was
rolled back draws new images and latents, and a resumed training draws the same ones again.
"""

from collections.abc import Sequence

from gan_study.config.thresholds import Thresholds
from gan_study.config.training import TrialConfig
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.records.status import RollbackRecord, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.output.checkpoints import write_checkpoint_or_end
from gan_study.training.output.status import collapse_reason, collapsed_status, diverged_status, divergence_reason
from gan_study.training.state import TrainingState
from gan_study.training.steps import PlayerStep


def answer_collapse(
    config: TrialConfig,
    state: TrainingState,
    status: TrialStatus,
    evaluations: list[EvaluationRecord],
    folder: TrialFolder,
    workers: Workers,
) -> TrialStatus:
    """Return the status after the last evaluation, by `on_collapse`; a rollback changes `state` and that evaluation.

    Call it after the evaluation's images are written and before its record is. Collective.
    """
    diagnosis, cur_nimg = config.diagnosis, state.counters.cur_nimg
    if diagnosis.on_collapse == "record":
        return status
    # All ranks have the same evaluations but for the seconds, and so come to the same answer.
    reason = collapse_reason(status, evaluations, diagnosis.thresholds)
    if reason is None:
        if diagnosis.on_collapse == "rollback" and _is_healthy(status, evaluations, diagnosis.thresholds):
            state.former_healthy_nimg, state.healthy_nimg = state.healthy_nimg, cur_nimg
        return status
    if not _can_roll_back(config, state):
        return collapsed_status(status, cur_nimg, reason)
    evaluations[-1] = evaluations[-1].model_copy(update={"rolled_back_to": state.healthy_nimg})
    return _roll_back(config, state, status, reason, folder, workers)


def answer_divergence(
    config: TrialConfig,
    state: TrainingState,
    status: TrialStatus,
    failed_step: PlayerStep[float],
    folder: TrialFolder,
    workers: Workers,
) -> TrialStatus:
    """Return the status after a failed step: running again from a healthy state, or diverged. Collective.

    If the training goes on, the images of a failed discriminator step count as seen, so that the next step draws
    others. A failed generator step follows a discriminator step that has counted them already.
    """
    reason = divergence_reason(failed_step, state.counters, workers)
    if not _can_roll_back(config, state):
        return diverged_status(status, state.counters, reason)
    if failed_step.network == "discriminator":
        state.counters.num_d_steps += 1
        state.counters.cur_nimg += config.training.batch_size
    status = _roll_back(config, state, status, reason, folder, workers)
    workers.on_first_rank(lambda: write_checkpoint_or_end(state, status, folder))
    return status


def _can_roll_back(config: TrialConfig, state: TrainingState) -> bool:
    """Return True if the training may be rolled back once more, and has a state to return to."""
    diagnosis, is_anywhere = config.diagnosis, state.healthy_nimg is not None
    return diagnosis.on_collapse == "rollback" and is_anywhere and len(state.rollbacks) < diagnosis.max_rollbacks


def _roll_back(
    config: TrialConfig,
    state: TrainingState,
    status: TrialStatus,
    reason: str,
    folder: TrialFolder,
    workers: Workers,
) -> TrialStatus:
    """Load networks and optimizers from the last healthy checkpoint, and lower the learning rates. Collective.

    The counters stay as they are. After the n-th rollback the learning rates are the trial's own times factor^n.
    """
    healthy_nimg, counters, rollbacks = state.healthy_nimg, state.counters, state.rollbacks
    evaluations = list(state.evaluations)
    assert healthy_nimg is not None, "there is a state to go back to"
    state.load_bytes(workers.from_first_rank(lambda: folder.read_checkpoint(healthy_nimg)))
    back = RollbackRecord(cur_nimg=counters.cur_nimg, to_nimg=healthy_nimg, reason=reason)
    state.counters, state.healthy_nimg, state.rollbacks = counters, healthy_nimg, (*rollbacks, back)
    state.evaluations[:] = evaluations
    factor = config.diagnosis.rollback_lr_factor ** len(state.rollbacks)
    state.set_learning_rates(config.training.g_lr * factor, config.training.d_lr * factor)
    return status.model_copy(update={"rollbacks": state.rollbacks, "cur_nimg": counters.cur_nimg})


def _is_healthy(status: TrialStatus, evaluations: Sequence[EvaluationRecord], thresholds: Thresholds) -> bool:
    """Return True if a rollback may return here: no sign at the last evaluation would be a collapse if it lasted."""
    return collapse_reason(status, [*evaluations, evaluations[-1]], thresholds) is None
