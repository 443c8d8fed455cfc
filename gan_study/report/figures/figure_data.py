"""What each figure shows, as plain values. `*_figures.py` draw them; only these functions need a test by value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gan_study.analysis.arm_comparison import ArmsComparison
from gan_study.analysis.confirmation import ConfirmedArm
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.statistics.budget import search_curve
from gan_study.analysis.statistics.estimate import Estimate
from gan_study.analysis.statistics.random_search import BestOfN
from gan_study.analysis.summary import MANY_CLASSES
from gan_study.config.arms.arm import Arm
from gan_study.config.base import Scalar
from gan_study.config.space import Choice, LogUniformRange, SearchRange
from gan_study.config.training import Phase
from gan_study.runs.counted import At
from gan_study.runs.records import TrialState


@dataclass(frozen=True)
class ConfirmedPoints:
    """The confirmed seeds of one arm."""

    arm: str
    trials: tuple[str, ...]
    scores: tuple[float, ...]
    """Of the seeds that have one."""
    failed: tuple[str, ...]
    """Trials of the seeds that have none."""
    search_score: float | None
    mean: Estimate | None
    """Of all seeds, a failed one counted with the failure score; None below five."""
    others: tuple[tuple[str, float], ...] = ()
    """Trials with their scores by the evaluation that does not count, as far as they have them."""
    other_at: At = "best"
    """Which evaluation that is."""


def confirmed_points(confirmed: Sequence[ConfirmedArm], comparison: ArmsComparison) -> tuple[ConfirmedPoints, ...]:
    """Raw confirmed scores, arm by arm, beside the search score of their configuration."""
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
    """Best search score of one arm against the budget it spent."""

    arm: str
    kimg: tuple[float, ...]
    scores: tuple[float, ...]


def best_curves(run: RunData) -> tuple[BestCurve, ...]:
    """Best score so far against spent kimg; starts at the first trial with a score, though all before are counted."""
    curves = []
    for arm in run.arms:
        scored = [(p.spent_kimg, p.best_score) for p in search_curve(run, arm) if p.best_score is not None]
        if scored:
            curves.append(BestCurve(arm, tuple(kimg for kimg, _ in scored), tuple(score for _, score in scored)))
    return tuple(curves)


@dataclass(frozen=True)
class ExpectedBest:
    """What a random search of one arm can expect to find."""

    arm: str
    points: tuple[BestOfN, ...]


def expected_bests(comparison: ArmsComparison) -> tuple[ExpectedBest, ...]:
    """Expected best of n trials; empty unless the trials are independent draws."""
    return tuple(ExpectedBest(a.arm, a.search.expected_best) for a in comparison.arms if a.search.expected_best)


@dataclass(frozen=True)
class ScoreCurve:
    """One trial's score over its training."""

    arm: str
    trial: str
    state: TrialState
    state_text: str
    """The state in words: a trial that an interrupted study left behind does not run."""
    kimg: tuple[float, ...]
    scores: tuple[float, ...]


def score_curves(run: RunData, phase: Phase) -> tuple[ScoreCurve, ...]:
    """Every evaluation with a score of every trial of one phase; all scores of a curve are from equally many images."""
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
    """One search trial's value of one hyperparameter, and what it scored (None: diverged or failed)."""

    arm: str
    trial: str
    state: TrialState
    value: Scalar
    score: float | None


@dataclass(frozen=True)
class Slice:
    """One searched hyperparameter against the score."""

    name: str
    scale: Scale
    categories: tuple[str, ...]
    """In the order of the study file; empty unless the scale is category."""
    points: tuple[SlicePoint, ...]


def slices(run: RunData) -> tuple[Slice, ...]:
    """Each hyperparameter that some arm searches, with the ended search trials of the arms that search it.

    Trials stopped on a score from fewer images are left out.
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
        for t in run.searched(arm)
        if name in t.config.searched and t.state.is_final and (t.score is not None or t.is_lost)
    )
    scale, categories = scale_of(ranges, [p.value for p in points])
    return Slice(name, scale, categories, points)


def scale_of(ranges: Sequence[SearchRange], values: Sequence[Scalar]) -> tuple[Scale, tuple[str, ...]]:
    """How a hyperparameter with these ranges is drawn, and its categories, if so, with those only found as values."""
    choices = [r for r in ranges if isinstance(r, Choice)]
    if choices:
        listed = [str(v) for r in choices for v in r.choice] + [str(v) for v in values]
        return "category", tuple(dict.fromkeys(listed))
    return "log" if any(isinstance(r, LogUniformRange) for r in ranges) else "linear", ()


@dataclass(frozen=True)
class ClassShareBars:
    """Share of each class among real images and among each arm's generated ones."""

    class_names: tuple[str, ...]
    real: tuple[float, ...]
    arms: tuple[tuple[str, tuple[float, ...]], ...]
    """(arm, shares)."""


def class_share_bars(run: RunData, shown: Mapping[str, TrialData]) -> ClassShareBars | None:
    """Class shares of the generators that stand for their arms; None without classes or with too many."""
    objective = run.objective
    if objective is None or objective.class_names is None or objective.real_class_shares is None:
        return None
    if len(objective.class_names) > MANY_CLASSES:
        return None
    counted = {arm: trial.counted.class_shares for arm, trial in shown.items() if trial.counted is not None}
    arms = tuple((arm, shares) for arm, shares in counted.items() if shares is not None)
    return ClassShareBars(objective.class_names, objective.real_class_shares, arms) if arms else None
