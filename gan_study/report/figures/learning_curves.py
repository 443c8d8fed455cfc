"""Data of the learning curves of an arm's trials: score, losses, logits, accuracy and gradients over images seen."""

from collections.abc import Callable
from dataclasses import dataclass

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.report.score_notes import score_name
from gan_study.runs.records.measurements import EvaluationRecord, LossRecord, SignalsRecord
from gan_study.runs.records.status import TrialState


@dataclass(frozen=True)
class SignalCurve:
    """One signal of one trial over its training."""

    trial: str
    signal: str
    is_first: bool
    """True for the first signal of its panel: that of the discriminator or the real images, or the only one."""
    is_shown: bool
    """True for the representative trial of the arm."""
    is_lost: bool
    """True if the trial diverged or failed."""
    kimg: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class SignalPanel:
    """Signals that share an axis."""

    title: str
    is_log: bool
    """True if the axis is logarithmic."""
    curves: tuple[SignalCurve, ...]


_Read = Callable[[EvaluationRecord], float | None]


@dataclass(frozen=True)
class _Signal:
    name: str
    read: _Read


def _loss(name: str, read: Callable[[LossRecord], float | None]) -> _Signal:
    return _Signal(name, lambda e: None if e.losses is None else read(e.losses))


def _sign(name: str, read: Callable[[SignalsRecord], float | None]) -> _Signal:
    return _Signal(name, lambda e: None if e.signals is None else read(e.signals))


_PANELS: tuple[tuple[str, bool, tuple[_Signal, ...]], ...] = (
    ("Loss", False, (_loss("discriminator", lambda x: x.d_loss), _loss("generator", lambda x: x.g_loss))),
    ("Logit", False, (_loss("real", lambda x: x.real_logit), _loss("fake", lambda x: x.fake_logit))),
    (
        "Accuracy of D",
        False,
        (_sign("held-out real", lambda x: x.d_accuracy_real), _sign("fake", lambda x: x.d_accuracy_fake)),
    ),
    (
        "Gradient norm",
        True,
        (_loss("discriminator", lambda x: x.d_grad_norm), _loss("generator", lambda x: x.g_grad_norm)),
    ),
    (
        "Adaptive augmentations",
        False,
        (_loss("probability", lambda x: x.augment_probability), _loss("mean sign of D at real", lambda x: x.real_sign)),
    ),
    ("Gradient at an image", True, (_loss("at one generated image", lambda x: x.g_output_gradient),)),
)


def signal_panels(run: RunData, arm: str, shown: str | None) -> tuple[SignalPanel, ...]:
    """Panels of the score and the signals of an arm's trials; `shown` names the trial to highlight.

    Signals are means over the steps since the evaluation before. Empty if no trial has a second evaluation, since there
    are no signals before that.
    """
    trials = run.trials_of_arm(arm)
    if not any(e.losses for t in trials for e in t.evaluations):
        return ()
    name = score_name(run.objective)
    is_positive = all(e.score > 0 for t in trials for e in t.evaluations if e.score is not None)
    panels = ((name, is_positive, (_Signal(name, lambda e: e.score),)), *_PANELS)
    drawn = (SignalPanel(title, is_log, _curves(trials, signals, shown)) for title, is_log, signals in panels)
    return tuple(panel for panel in drawn if panel.curves)


def _curves(trials: tuple[TrialData, ...], signals: tuple[_Signal, ...], shown: str | None) -> tuple[SignalCurve, ...]:
    found = (_curve(trial, signal, signal is signals[0], shown) for trial in trials for signal in signals)
    return tuple(curve for curve in found if curve.values)


def _curve(trial: TrialData, signal: _Signal, is_first: bool, shown: str | None) -> SignalCurve:
    points = [(e.cur_nimg / 1000, value) for e in trial.evaluations if (value := signal.read(e)) is not None]
    return SignalCurve(
        trial=trial.name,
        signal=signal.name,
        is_first=is_first,
        is_shown=trial.name == shown,
        is_lost=trial.state in (TrialState.DIVERGED, TrialState.FAILED),
        kimg=tuple(kimg for kimg, _ in points),
        values=tuple(value for _, value in points),
    )
