"""The generator of a training that counts (see `objective.at`) and its score."""

from collections.abc import Iterable, Sequence
from typing import Literal

from gan_study.config.data import ObjectiveConfig
from gan_study.runs.records.measurements import EvaluationRecord
from gan_study.runs.trial_folder import TrialFolder

At = Literal["last", "best"]
"""The evaluation whose generator counts."""


def best_evaluation(evaluations: Iterable[EvaluationRecord]) -> EvaluationRecord | None:
    """The evaluation with the lowest score among those of equally many images; the first if several are equal.

    Evaluations that a rollback discarded are left out. None if no evaluation has a score.
    """
    scored = [e for e in evaluations if e.curve_score is not None and e.rolled_back_to is None]
    return min(scored, key=lambda e: (e.curve_score, e.cur_nimg), default=None)


def counted_score(last: EvaluationRecord, at: At) -> float | None:
    """The score that counts, from a training's last evaluation. This is the last score if the best generator was not
    scored again, as in a stopped training."""
    return last.best.score if at == "best" and last.best is not None else last.score


def counted_nimg(last: EvaluationRecord, at: At) -> int:
    """Images seen by the generator whose score `counted_score` returns."""
    return last.best.cur_nimg if at == "best" and last.best is not None else last.cur_nimg


def counted_snapshot(trial: TrialFolder, at: At) -> int | None:
    """Images seen by the generator that counts; while the training runs, by the generator of the last snapshot. None if
    this snapshot does not exist."""
    nimgs = trial.snapshot_nimgs()
    evaluations = trial.read_evaluations() if at == "best" else []
    if evaluations and evaluations[-1].best is not None:
        nimg = counted_nimg(evaluations[-1], at)
        return nimg if nimg in nimgs else None
    return nimgs[-1] if nimgs else None


def recorded_score(evaluations: Sequence[EvaluationRecord], cur_nimg: int, objective: ObjectiveConfig) -> float | None:
    """The score that a snapshot's generator had in its training.

    The best generator has a score on fresh latents, unless it counts as the last one. None if no score was made from as
    many images as a ranked score.
    """
    best, last_nimg = (evaluations[-1].best, evaluations[-1].cur_nimg) if evaluations else (None, 0)
    counts_as_last = objective.at == "last" and cur_nimg == last_nimg
    if best is not None and cur_nimg == best.cur_nimg and not counts_as_last:
        return best.score
    found = next((e for e in evaluations if e.cur_nimg == cur_nimg), None)
    is_full = found is not None and found.num_samples in (None, objective.num_samples)
    return found.score if found is not None and is_full else None
