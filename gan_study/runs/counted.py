"""Which of a training's generators counts, by `objective.at`, and what it scored."""

from collections.abc import Iterable
from typing import Literal

from gan_study.runs.records import EvaluationRecord
from gan_study.runs.trial_folder import TrialFolder

At = Literal["last", "best"]
"""The evaluation of a training whose generator counts."""


def best_evaluation(evaluations: Iterable[EvaluationRecord]) -> EvaluationRecord | None:
    """The evaluation with the lowest score among those of equally many images; the first of equals.

    What a training gave up because it had collapsed is left out. None if no evaluation has a score.
    """
    scored = [e for e in evaluations if e.curve_score is not None and e.rolled_back_to is None]
    return min(scored, key=lambda e: (e.curve_score, e.cur_nimg), default=None)


def counted_score(last: EvaluationRecord, at: At) -> float | None:
    """The score that counts of a training with this last evaluation; where its best was not scored anew (as in a
    stopped training), the last score."""
    return last.best.score if at == "best" and last.best is not None else last.score


def counted_nimg(last: EvaluationRecord, at: At) -> int:
    """Images seen by the generator that `counted_score` is of."""
    return last.best.cur_nimg if at == "best" and last.best is not None else last.cur_nimg


def counted_snapshot(trial: TrialFolder, at: At) -> int | None:
    """Images seen by the generator that counts of a trial; that of the last snapshot while the training has not
    completed. None if its snapshot is not there."""
    nimgs = trial.snapshot_nimgs()
    evaluations = trial.read_evaluations() if at == "best" else []
    if evaluations and evaluations[-1].best is not None:
        nimg = counted_nimg(evaluations[-1], at)
        return nimg if nimg in nimgs else None
    return nimgs[-1] if nimgs else None
