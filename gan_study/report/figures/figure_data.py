"""Data of the figures as plain values, which `*_figures.py` draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gan_study.analysis.arm_comparison import ArmsComparison
from gan_study.analysis.class_shares import MANY_CLASSES
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.statistics.budget_curves import search_curve
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.random_search import BestOfN
from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, LogUniformRange, SearchRange
from gan_study.config.training import Phase
from gan_study.runs.counted_generator import At
from gan_study.runs.records.status import TrialState


@dataclass(frozen=True)
class ConfirmedPoints:
    """The confirmed seeds of one arm."""

    arm: str
    trials: tuple[str, ...]
    scores: tuple[float, ...]
    """Scores of the seeds that have one."""
    failed: tuple[str, ...]
    """Trials of the seeds without a score."""
    search_score: float | None
    mean: Estimate | None
    """Mean over all seeds, in which a failed seed has the failure score; None below five seeds."""
    others: tuple[tuple[str, float], ...] = ()
    """Trials and their scores by the evaluation that does not count, if they have one."""
    other_at: At = "best"
    """The evaluation that does not count."""


def confirmed_points(confirmed: Sequence[ConfirmedArm], comparison: ArmsComparison) -> tuple[ConfirmedPoints, ...]:
    """The confirmed scores of each arm and the search score of its configuration."""
    means = {arm.arm: arm.confirmed.counted.mean for arm in comparison.arms if arm.confirmed}
    return tuple(
        ConfirmedPoints(
            arm=c.arm,
            trials=tuple(t.name for t in c.trials if t.score is not None),
            scores=tuple(t.score for t in c.trials if t.score is not None),
            failed=tuple(t.name for t in c.failed),
            search_score=c.search_score,
            mean=means[c.arm],
            others=tuple((t.name, s) for t in c.trials if (s := t.score_at(_other(t.at))) is not None),
            other_at=_other(c.trials[0].at),
        )
        for c in confirmed
    )


def _other(at: At) -> At:
    return "best" if at == "last" else "last"


@dataclass(frozen=True)
class BestCurve:
    """Best score so far of one arm's search against the budget spent."""

    arm: str
    kimg: tuple[float, ...]
    scores: tuple[float, ...]


def best_curves(run: RunData) -> tuple[BestCurve, ...]:
    """Best score so far against thousands of images spent.

    A curve starts at the first trial with a score; the budget includes all trials before it.
    """
    curves = []
    for arm in run.arms:
        scored = [(p.spent_kimg, p.best_score) for p in search_curve(run, arm) if p.best_score is not None]
        if scored:
            curves.append(BestCurve(arm, tuple(kimg for kimg, _ in scored), tuple(score for _, score in scored)))
    return tuple(curves)


@dataclass(frozen=True)
class ExpectedBest:
    """Expected best score of a random search of one arm."""

    arm: str
    points: tuple[BestOfN, ...]


def expected_bests(comparison: ArmsComparison) -> tuple[ExpectedBest, ...]:
    """Expected best of n trials for each arm; empty unless the trials are independent draws."""
    return tuple(ExpectedBest(a.arm, a.search.expected_best) for a in comparison.arms if a.search.expected_best)


@dataclass(frozen=True)
class ScoreCurve:
    """One trial's score over its training."""

    arm: str
    trial: str
    state: TrialState
    state_text: str
    """The state in words; `unfinished` for a running trial of an interrupted study."""
    kimg: tuple[float, ...]
    scores: tuple[float, ...]


def score_curves(run: RunData, phase: Phase) -> tuple[ScoreCurve, ...]:
    """Scores over training of all trials of one phase. All scores of a curve are from equally many images."""
    curves = []
    for trial in run.trials:
        points = [(e.cur_nimg / 1000, e.curve_score) for e in trial.evaluations if e.curve_score is not None]
        if trial.config.phase == phase and points:
            kimg, scores = tuple(k for k, _ in points), tuple(s for _, s in points)
            text = run.state_text(trial.state)
            curves.append(ScoreCurve(trial.config.arm, trial.name, trial.state, text, kimg, scores))
    return tuple(curves)


Scale = Literal["linear", "log", "category"]


@dataclass(frozen=True)
class SlicePoint:
    """One search trial's value of one hyperparameter and its score; None if it diverged or failed."""

    arm: str
    trial: str
    state: TrialState
    value: Scalar
    score: float | None


@dataclass(frozen=True)
class Slice:
    """Search trials by one hyperparameter and their score."""

    name: str
    scale: Scale
    categories: tuple[str, ...]
    """Categories in the order of the study file; empty unless the scale is `category`."""
    points: tuple[SlicePoint, ...]


def slices(run: RunData) -> tuple[Slice, ...]:
    """A slice for each hyperparameter that any arm searches, with the ended trials of the arms that search it.

    Trials that were stopped on a score from fewer images are left out.
    """
    ranges: dict[str, list[SearchRange]] = {}
    for arm in run.arms:
        for parameter in Arm(run.study, arm).parameters:
            ranges.setdefault(parameter.name, []).append(parameter.range)
    found = [_slice(run, name, its_ranges) for name, its_ranges in ranges.items()]
    return tuple(s for s in found if s.points)


def _slice(run: RunData, name: str, ranges: list[SearchRange]) -> Slice:
    points = tuple(
        SlicePoint(arm, t.name, t.state, t.config.searched[name], t.score)
        for arm in run.arms
        for t in run.searched_trials(arm)
        if name in t.config.searched and t.state.is_final and (t.score is not None or t.is_lost)
    )
    scale, categories = scale_of(ranges, [p.value for p in points])
    return Slice(name, scale, categories, points)


def scale_of(ranges: Sequence[SearchRange], values: Sequence[Scalar]) -> tuple[Scale, tuple[str, ...]]:
    """Scale of the axis for a hyperparameter with these ranges, and its categories.

    The categories include values that are in no range.
    """
    choices = [r for r in ranges if isinstance(r, Choice)]
    if choices:
        listed = [str(v) for r in choices for v in r.choice] + [str(v) for v in values]
        return "category", tuple(dict.fromkeys(listed))
    return "log" if any(isinstance(r, LogUniformRange) for r in ranges) else "linear", ()


@dataclass(frozen=True)
class ClassShareBars:
    """Share of each class among the real images and among the generated images of each arm."""

    class_names: tuple[str, ...]
    real: tuple[float, ...]
    arms: tuple[tuple[str, tuple[float, ...]], ...]
    """Arms with their shares by class."""


def class_share_bars(run: RunData, shown: Mapping[str, TrialData]) -> ClassShareBars | None:
    """Class shares of the representative trials of the arms; None without classes or with too many."""
    objective = run.objective
    if objective is None or objective.class_names is None or objective.real_class_shares is None:
        return None
    if len(objective.class_names) > MANY_CLASSES:
        return None
    counted = {arm: trial.counted.class_shares for arm, trial in shown.items() if trial.counted is not None}
    arms = tuple((arm, shares) for arm, shares in counted.items() if shares is not None)
    return ClassShareBars(objective.class_names, objective.real_class_shares, arms) if arms else None
