"""What each figure shows, as plain values. `figures.py` draws them; only these functions need a test by value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gan_study.analysis.comparison import ConfirmedArm
from gan_study.analysis.run_data import Phase, RunData, TrialData
from gan_study.analysis.statistics import best_so_far
from gan_study.config.base import Scalar
from gan_study.config.parameters import arm_parameters
from gan_study.config.space import Choice, LogUniformRange, SearchRange
from gan_study.runs.records import LossRecord, TrialState


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


def confirmed_points(confirmed: Sequence[ConfirmedArm]) -> tuple[ConfirmedPoints, ...]:
    """Raw confirmed scores, arm by arm, beside the search score of their configuration."""
    return tuple(
        ConfirmedPoints(
            arm=c.arm,
            trials=tuple(t.name for t in c.trials if t.score is not None),
            scores=tuple(t.score for t in c.trials if t.score is not None),
            failed=tuple(t.name for t in c.failed),
            search_score=c.search_score,
        )
        for c in confirmed
    )


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
        points = best_so_far([(t.kimg, t.score) for t in _in_order_of_spending(run.of_arm(arm, "search"))])
        scored = [(p.spent_kimg, p.best_score) for p in points if p.best_score is not None]
        if scored:
            curves.append(BestCurve(arm, tuple(kimg for kimg, _ in scored), tuple(score for _, score in scored)))
    return tuple(curves)


def _in_order_of_spending(trials: Sequence[TrialData]) -> list[TrialData]:
    def ended(trial: TrialData) -> tuple[bool, float]:
        return trial.status.end_time is None, trial.status.end_time or 0.0

    return sorted(trials, key=ended)


@dataclass(frozen=True)
class ScoreCurve:
    """One trial's score over its training."""

    arm: str
    trial: str
    state: TrialState
    kimg: tuple[float, ...]
    scores: tuple[float, ...]


def score_curves(run: RunData, phase: Phase) -> tuple[ScoreCurve, ...]:
    """Every evaluation with a score of every trial of one phase."""
    curves = []
    for trial in run.trials:
        points = [(e.cur_nimg / 1000, e.score) for e in trial.evaluations if e.score is not None]
        if trial.config.phase == phase and points:
            kimg, scores = tuple(k for k, _ in points), tuple(s for _, s in points)
            curves.append(ScoreCurve(trial.config.arm, trial.name, trial.state, kimg, scores))
    return tuple(curves)


@dataclass(frozen=True)
class SignalCurve:
    """One signal of one trial over its training."""

    trial: str
    signal: str
    is_shown: bool
    """Whether this is the trial whose images stand for the arm."""
    is_lost: bool
    """Whether the trial diverged or failed."""
    kimg: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class SignalPanel:
    """Signals that share an axis: the discriminator's (or the real images') first, the generator's second."""

    title: str
    is_positive: bool
    """Whether its values are above 0 by nature."""
    curves: tuple[SignalCurve, ...]


_Signal = tuple[str, Callable[[LossRecord], float]]
_PANELS: tuple[tuple[str, bool, tuple[_Signal, _Signal]], ...] = (
    ("Loss", False, (("discriminator", lambda x: x.d_loss), ("generator", lambda x: x.g_loss))),
    ("Logit", False, (("real", lambda x: x.real_logit), ("fake", lambda x: x.fake_logit))),
    ("Gradient norm", True, (("discriminator", lambda x: x.d_grad_norm), ("generator", lambda x: x.g_grad_norm))),
)


def signal_panels(run: RunData, arm: str, shown: str | None) -> tuple[SignalPanel, ...]:
    """Losses, logits and gradient norms of an arm's trials; `shown` names the trial to stand out.

    Values are means over the steps since the evaluation before. Empty if the arm has none.
    """
    trials = [t for t in run.of_arm(arm) if any(e.losses for e in t.evaluations)]
    if not trials:
        return ()
    return tuple(
        SignalPanel(title, is_positive, tuple(_signal_curve(t, signal, shown) for t in trials for signal in signals))
        for title, is_positive, signals in _PANELS
    )


def _signal_curve(trial: TrialData, signal: _Signal, shown: str | None) -> SignalCurve:
    name, read = signal
    points = [(e.cur_nimg / 1000, read(e.losses)) for e in trial.evaluations if e.losses is not None]
    return SignalCurve(
        trial=trial.name,
        signal=name,
        is_shown=trial.name == shown,
        is_lost=trial.state in (TrialState.DIVERGED, TrialState.FAILED),
        kimg=tuple(kimg for kimg, _ in points),
        values=tuple(value for _, value in points),
    )


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
    """Each hyperparameter that some arm searches, with the ended search trials of the arms that search it."""
    ranges: dict[str, list[SearchRange]] = {}
    for arm in run.arms:
        for parameter in arm_parameters(run.study, arm):
            ranges.setdefault(parameter.name, []).append(parameter.range)
    found = [_slice(run, name, its_ranges) for name, its_ranges in ranges.items()]
    return tuple(s for s in found if s.points)


def _slice(run: RunData, name: str, ranges: list[SearchRange]) -> Slice:
    points = tuple(
        SlicePoint(arm, t.name, t.state, t.config.searched[name], t.score)
        for arm in run.arms
        for t in run.of_arm(arm, "search")
        if name in t.config.searched and t.state.is_final
    )
    choices = [r for r in ranges if isinstance(r, Choice)]
    if choices:
        listed = [str(v) for r in choices for v in r.choice] + [str(p.value) for p in points]
        return Slice(name, "category", tuple(dict.fromkeys(listed)), points)
    is_log = any(isinstance(r, LogUniformRange) for r in ranges)
    return Slice(name, "log" if is_log else "linear", (), points)


_MAX_BARS = 100
"""More classes than this make no figure of bars (stacked MNIST has 1000)."""


@dataclass(frozen=True)
class ClassShareBars:
    """Share of each class among real images and among each arm's generated ones."""

    class_names: tuple[str, ...]
    real: tuple[float, ...]
    arms: tuple[tuple[str, tuple[float, ...]], ...]
    """(arm, shares)."""


def class_share_bars(run: RunData, shown: Mapping[str, TrialData]) -> ClassShareBars | None:
    """Class shares at the end of the trials that stand for their arms; None without classes."""
    objective = run.objective
    if objective is None or objective.class_names is None or objective.real_class_shares is None:
        return None
    if len(objective.class_names) > _MAX_BARS:
        return None
    last = {arm: trial.evaluations[-1].class_shares for arm, trial in shown.items()}
    arms = tuple((arm, shares) for arm, shares in last.items() if shares is not None)
    return ClassShareBars(objective.class_names, objective.real_class_shares, arms) if arms else None
