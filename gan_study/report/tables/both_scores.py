"""Table columns for the scores of the last and of the best evaluation."""

from collections.abc import Iterable, Sequence

from gan_study.analysis.run_data import TrialData
from gan_study.analysis.sentences.number_text import NOTHING, number, score_text
from gan_study.analysis.summary import ConfirmedSeed
from gan_study.runs.counted_generator import At

_BOTH: tuple[At, At] = ("last", "best")


def both_headings(name: str, at: At) -> tuple[str, str]:
    """The headings of the two columns; one is marked as the score that counts."""
    last, best = (f"{name}, {each}{' (counts)' if each == at else ''}" for each in _BOTH)
    return last, best


def score_headings(name: str, trials: Sequence[TrialData]) -> tuple[str, ...]:
    """The headings for `score_cells`: only the score if no trial's best evaluation was scored again."""
    if not any(trial.best for trial in trials):
        return (name,)
    return *both_headings(name, trials[0].at), "Best at (kimg)"


def score_cells(trial: TrialData, headings: Sequence[str]) -> tuple[str, ...]:
    """The score cells of one trial below these `score_headings`."""
    if len(headings) == 1:
        return (_last_text(trial),)
    best_at = number(trial.best.cur_nimg / 1000) if trial.best else NOTHING
    return _last_text(trial), score_text(trial.score_at("best")), best_at


def seeds_text(seeds: Iterable[ConfirmedSeed], at: At | None = None) -> str:
    """List the confirmed scores of an arm, by default those of the evaluation that counts."""
    by = {None: "score", "last": "score_last", "best": "score_best"}[at]
    scores = [(seed.state, getattr(seed, by)) for seed in seeds]
    return ", ".join(state if score is None else score_text(score) for state, score in scores) or "none"


def _last_text(trial: TrialData) -> str:
    """The last score; for a trial stopped on a score from fewer images, that one with the number of images."""
    score = trial.score_at("last")
    if score is not None or trial.early_score is None:
        return score_text(score)
    return f"({score_text(trial.early_score)}, N = {trial.evaluations[-1].num_samples:,})"
