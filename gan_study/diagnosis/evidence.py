"""Everything that is known about a trial before its verdict. A value is None if it was not measured."""

from collections.abc import Sequence

import numpy as np

from gan_study.metrics.class_histogram import counts_to_class_histogram
from gan_study.runs.records.diagnosis import Diagnostics
from gan_study.runs.records.measurements import EvaluationRecord, ObjectiveRecord, Record, SignalsRecord
from gan_study.runs.records.status import RollbackRecord, TrialState, TrialStatus


class Signals(SignalsRecord):
    """Signs of trouble from one evaluation during training."""

    cur_nimg: int
    """Real images shown to the discriminator so far."""
    score: float | None = None
    """The objective from equally many images throughout a trial, lower is better; None if it was not finite."""
    class_shares: tuple[float, ...] | None = None
    """Share of each class among the generated images."""
    class_kl: float | None = None
    """Kullback-Leibler divergence of these shares from the real ones, in nats; None if an image has a class that no
    real image has."""
    g_output_gradient: float | None = None
    """Mean norm of the gradient of the generator's loss at its output, since the evaluation before."""


class Evidence(Record):
    """Everything that is known about a trial, or about generated images alone, without state and signals."""

    state: TrialState | None = None
    """State of the trial."""
    non_finite: tuple[str, ...] = ()
    """Values that became NaN or infinite in training, such as d_loss."""
    signals: tuple[Signals, ...] = ()
    """Evaluations in their order, up to that of the judged generator."""
    later: tuple[Signals, ...] = ()
    """Evaluations after the judged generator; they show whether the training got worse."""
    real_class_shares: tuple[float, ...] | None = None
    """Share of each class in the reference of the evaluations."""
    diagnostics: Diagnostics | None = None
    """Measures at the end."""
    class_names: tuple[str, ...] | None = None
    """Names of the classes in the order of their numbers."""
    untrained_score: float | None = None
    """Score of an untrained generator, for a trial whose own untrained generator was not evaluated."""


def trial_evidence(
    status: TrialStatus | None,
    evaluations: Sequence[EvaluationRecord],
    objective: ObjectiveRecord | None = None,
    diagnostics: Diagnostics | None = None,
    cur_nimg: int | None = None,
) -> Evidence:
    """The evidence in a trial's records, and `diagnostics` if its images were measured at the end.

    `cur_nimg` is the number of images seen by the judged generator, by default that of the last evaluation. Without the
    objective, the evidence has no classes. Evaluations that a rollback had given up by then belong to another generator
    and are left out.
    """
    rollbacks = status.rollbacks if status is not None else ()
    num = sum(cur_nimg is None or e.cur_nimg <= cur_nimg for e in evaluations)
    later = surviving_evaluations(evaluations[num:], rollbacks)
    if later:
        rollbacks = tuple(back for back in rollbacks if back.cur_nimg <= evaluations[num - 1].cur_nimg)
    kept = surviving_evaluations(evaluations[:num], rollbacks)
    signals = tuple(_signals(evaluation, objective) for evaluation in kept)
    return Evidence(
        state=status.state if status is not None else None,
        non_finite=signals[-1].non_finite if signals else (),
        signals=signals,
        later=tuple(_signals(evaluation, objective) for evaluation in later),
        real_class_shares=objective.real_class_shares if objective is not None else None,
        diagnostics=diagnostics,
        class_names=objective.class_names if objective is not None else None,
        untrained_score=objective.untrained_score if objective is not None else None,
    )


def surviving_evaluations(
    evaluations: Sequence[EvaluationRecord], rollbacks: Sequence[RollbackRecord]
) -> list[EvaluationRecord]:
    """The evaluations that still count: those between a rollback and the state it returned to are dropped."""

    def is_given_up(evaluation: EvaluationRecord) -> bool:
        # At the images of the rollback itself there may be an evaluation of the state to which it returned.
        return evaluation.rolled_back_to is not None or any(
            back.to_nimg < evaluation.cur_nimg < back.cur_nimg for back in rollbacks
        )

    return [evaluation for evaluation in evaluations if not is_given_up(evaluation)]


def _signals(evaluation: EvaluationRecord, objective: ObjectiveRecord | None) -> Signals:
    return Signals(
        **(dict(evaluation.signals) if evaluation.signals is not None else {}),
        cur_nimg=evaluation.cur_nimg,
        score=evaluation.curve_score,
        class_shares=evaluation.class_shares,
        class_kl=_class_kl(evaluation, objective),
        g_output_gradient=evaluation.losses.g_output_gradient if evaluation.losses is not None else None,
    )


def _class_kl(evaluation: EvaluationRecord, objective: ObjectiveRecord | None) -> float | None:
    shares = evaluation.class_shares
    if shares is None or objective is None or objective.real_class_shares is None:
        return None
    counts = np.rint(np.array(shares) * objective.num_samples(evaluation)).astype(np.int64)
    return counts_to_class_histogram(counts, np.array(objective.real_class_shares)).kl
