"""What a training does about a collapse: nothing, an end, or a return to the last healthy state.

The images seen are never set back. Since all random numbers of a step are a function of them, a training that has
gone back draws images and latents that it has not drawn before, and a resumed one draws the same again.
"""

from collections.abc import Sequence

from gan_study.config.training import TrialConfig
from gan_study.runs.records import EvaluationRecord, RollbackRecord, TrialStatus
from gan_study.runs.trial_folder import TrialFolder
from gan_study.training.distributed import Workers
from gan_study.training.outcome import collapse_reason, collapsed, diverged, divergence_reason, write_standing
from gan_study.training.state import TrainingState
from gan_study.training.steps import FailedStep


def answer_collapse(
    config: TrialConfig,
    state: TrainingState,
    status: TrialStatus,
    evaluations: list[EvaluationRecord],
    folder: TrialFolder,
    workers: Workers,
) -> TrialStatus:
    """The status after the last evaluation, as `on_collapse` says; the state and that record change with it.

    To be called when the evaluation's images are written, and before its record is. Collective.
    """
    diagnosis, cur_nimg = config.diagnosis, state.counters.cur_nimg
    if diagnosis.on_collapse == "record":
        return status
    # One rank decides for all: they share the evaluations, but not every last bit of a score.
    reason = workers.from_first_rank(lambda: collapse_reason(status, evaluations, diagnosis.thresholds))
    if reason is None:
        if workers.from_first_rank(lambda: _is_worth_keeping(config, status, evaluations)):
            state.healthy_nimg = cur_nimg
        return status
    if not _can_roll_back(config, state):
        return collapsed(status, cur_nimg, reason)
    evaluations[-1] = evaluations[-1].model_copy(update={"rolled_back_to": state.healthy_nimg})
    return _roll_back(config, state, status, reason, folder, workers)


def answer_divergence(
    config: TrialConfig,
    state: TrainingState,
    status: TrialStatus,
    failed_step: FailedStep,
    folder: TrialFolder,
    workers: Workers,
) -> TrialStatus:
    """Return the status after a failed step: running again from a healthy state, or diverged. Collective.

    If the training goes on, the images of a failed discriminator step count as seen, so that the next step draws
    others. A failed generator step follows a discriminator step that has counted them already.
    """
    if not _can_roll_back(config, state):
        return diverged(status, failed_step, state, workers)
    reason = divergence_reason(failed_step, state, workers)
    if failed_step.network == "discriminator":
        state.counters.num_d_steps += 1
        state.counters.cur_nimg += config.training.batch_size
    status = _roll_back(config, state, status, reason, folder, workers)
    if workers.is_first:
        write_standing(state, status, folder)
    return status


def _can_roll_back(config: TrialConfig, state: TrainingState) -> bool:
    """Whether the training may go back once more, and has a state to go back to."""
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
    """Bring networks and optimizers back to the last healthy checkpoint, and lower the learning rates. Collective.

    The counters stay. With the n-th return the learning rates become the trial's own times the factor to the n-th.
    """
    healthy_nimg, counters, rollbacks = state.healthy_nimg, state.counters, state.rollbacks
    assert healthy_nimg is not None, "there is a state to go back to"
    state.load_bytes(workers.from_first_rank(lambda: folder.read_checkpoint(healthy_nimg)))
    back = RollbackRecord(cur_nimg=counters.cur_nimg, to_nimg=healthy_nimg, reason=reason)
    state.counters, state.healthy_nimg, state.rollbacks = counters, healthy_nimg, (*rollbacks, back)
    factor = config.diagnosis.rollback_lr_factor ** len(state.rollbacks)
    state.set_learning_rates(config.training.g_lr * factor, config.training.d_lr * factor)
    return status.model_copy(update={"rollbacks": state.rollbacks, "cur_nimg": counters.cur_nimg})


def _is_worth_keeping(config: TrialConfig, status: TrialStatus, evaluations: Sequence[EvaluationRecord]) -> bool:
    """Whether a rollback may lead here: the last evaluation has no sign that would be a collapse if it lasted."""
    lasting = [*evaluations, evaluations[-1]]
    is_wanted = config.diagnosis.on_collapse == "rollback"
    return is_wanted and collapse_reason(status, lasting, config.diagnosis.thresholds) is None
