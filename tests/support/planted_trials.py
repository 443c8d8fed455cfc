"""Measures and evaluations of a healthy trial, of which a test changes some."""

from typing import Any

from gan_study.diagnosis.evidence import Evidence, Signals
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.runs.records.diagnosis import Diagnostics, MeasureWithControl, Verdict
from gan_study.runs.records.status import TrialState

CONTROLS = {
    "level_deviation": 60.0,
    "duplicates": 0.0,
    "variation": 0.6,
    "pairwise_distance": 1.0,
    "precision": 0.8,
    "recall": 0.8,
    "density": 1.0,
    "coverage": 0.96,
    "vendi": 20.0,
    "support": 160_000.0,
    "ndb": 0.02,
    "c_t": 0.3,
    "authenticity": 0.7,
    "near_copies": 0.002,
    "nearest_distance": 1.0,
    "pixel_distance": 40.0,
}
DESCENT = (100.0, 40.0, 22.0, 18.0, 17.0, 16.5, 16.2, 16.1, 16.0)
SWINGING = (100.0, 40.0, 22.0, 18.0, 17.0, 30.0, 16.0, 31.0, 16.0)


def images(**values: float | None) -> Diagnostics:
    """A healthy generator's measures, but for those given; None is not measured."""
    found = CONTROLS | values
    pairs = {k: MeasureWithControl(value=v, control=CONTROLS[k]) for k, v in found.items() if v is not None}
    return Diagnostics(num=5000, num_train=60_000, **pairs)


def training(scores: tuple[float | None, ...] = DESCENT, **last: Any) -> tuple[Signals, ...]:
    """A training of healthy players, but for the values given, which hold in the second half."""
    healthy = {
        "d_accuracy_real": 0.7,
        "d_accuracy_fake": 0.75,
        "jensen_shannon": 0.2,
        "g_output_gradient": 1.0,
        "latent_sensitivity": 0.05,
        "pairwise_distance_ratio": 0.98,
        "duplicates": 0.0,
    }
    return tuple(
        Signals(cur_nimg=10_000 * i, score=score, **(healthy | (last if 2 * i >= len(scores) else {})))
        for i, score in enumerate(scores)
    )


def trial(diagnostics: Diagnostics | None = None, scores: tuple[float | None, ...] = DESCENT, **last: Any) -> Verdict:
    """The verdict on a healthy trial, but for what is given."""
    return evidence_to_verdict(
        Evidence(state=TrialState.COMPLETED, signals=training(scores, **last), diagnostics=diagnostics or images())
    )
