"""The scores of trials before their end, by images seen as a search compares them."""

from collections.abc import Sequence

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.runs.records.status import TrialState


def curve_of(run: RunData, trial: TrialData) -> dict[int, float]:
    """A trial's scores by images seen, rounded down to the evaluation interval; all are from equally many images.

    A score is at most the failure score, which also replaces a missing one. Empty without an objective.
    """
    if run.objective is None:
        return {}
    worst, every = run.objective.failure_score, round(1000 * run.study.budget.evaluate_every_kimg)
    found: dict[int, float] = {}
    for evaluation in trial.evaluations:
        images = evaluation.cur_nimg // every * every
        # A training may end within the interval that was last compared.
        images = evaluation.cur_nimg if images in found else images
        kept = evaluation.rolled_back_to
        # After a rollback, the state to which the training returned is compared.
        scored = evaluation if kept is None else next(e for e in trial.evaluations if e.cur_nimg == kept)
        score = scored.curve_score
        found[images] = worst if score is None else min(score, worst)
    return found


def compared_scores(run: RunData, trials: Sequence[TrialData], images: int | None) -> list[float | None]:
    """The score of each trial after so many images; the score that counts if `images` is None.

    None for a trial that did not come so far, or that diverged or failed.
    """
    if images is None:
        return [trial.score if trial.state is TrialState.COMPLETED else None for trial in trials]
    return [None if trial.is_lost else curve_of(run, trial).get(images) for trial in trials]
