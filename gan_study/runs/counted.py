"""Which of a training's generators counts, by `objective.at`, and what it scored."""

from collections.abc import Iterable, Sequence
from typing import Literal

from gan_study.config.data import ObjectiveConfig
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


def recorded_score(evaluations: Sequence[EvaluationRecord], cur_nimg: int, objective: ObjectiveConfig) -> float | None:
    """What the generator of a snapshot scored in its training: on fresh latents if it was the best, unless it counts as
    the last. None if there is no score of as many images as rank."""
    best, last_nimg = (evaluations[-1].best, evaluations[-1].cur_nimg) if evaluations else (None, 0)
    counts_as_last = objective.at == "last" and cur_nimg == last_nimg
    if best is not None and cur_nimg == best.cur_nimg and not counts_as_last:
        return best.score
    found = next((e for e in evaluations if e.cur_nimg == cur_nimg), None)
    is_full = found is not None and found.num_samples in (None, objective.num_samples)
    return found.score if found is not None and is_full else None
