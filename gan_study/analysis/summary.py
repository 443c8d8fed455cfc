"""The outcome of a study in one value: what summary.json holds and what the report is built from."""

import json
from collections import Counter
from dataclasses import asdict, dataclass

from gan_study.analysis.comparison import ConfirmedArm, PairComparison, confirmed_arms, failure_rate
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.statistics import ScoreDistribution
from gan_study.analysis.verdict import judge
from gan_study.config.base import Scalar
from gan_study.runs.records import SCHEMA_VERSION, ObjectiveRecord

MISSING_CLASS_RATIO = 0.1
"""A class is missing if its share is below a tenth of its share among real images.

A threshold of this project: above 0, because a classifier's errors alone put some images into every class.
"""


@dataclass(frozen=True)
class ScoreDescription:
    """What every score of the study is, and the marks by which to read it."""

    label: str
    is_published_fid: bool
    num_generated: int
    num_real: int
    floor: float
    """Expected score of as many fresh real images."""
    untrained_score: float
    failure_score: float
    extractor_accuracy: float | None


@dataclass(frozen=True)
class ConfirmedSeed:
    """One fresh training."""

    trial: str
    seed: int
    state: str
    score: float | None


@dataclass(frozen=True)
class ConfirmedSummary:
    """The fresh trainings of an arm's configuration."""

    source: str
    seeds: tuple[ConfirmedSeed, ...]
    scores: ScoreDistribution
    """Failed seeds count with the failure score."""
    optimism: float | None
    """Mean of the seeds minus the search score of their configuration."""
    num_configurations: int


@dataclass(frozen=True)
class ClassShares:
    """Which classes a trial's generator makes, as the domain classifier sees its images."""

    trial: str
    smallest: float
    missing: tuple[str, ...]
    """Classes with less than a tenth of their real share."""


@dataclass(frozen=True)
class ArmSummary:
    """One arm. `best_trial` is the search's best; `shown_trial` the best confirmed seed, or else the search's best."""

    best_trial: str | None
    hyperparameters: dict[str, Scalar]
    """The searched values of the confirmed configuration, or else of the best search trial."""
    search_score: float | None
    confirmed: ConfirmedSummary | None
    shown_trial: str | None
    class_shares: ClassShares | None
    trials_by_state: dict[str, int]
    failure_rate: float | None
    """Share of ended trials, search and confirm, that diverged or failed."""
    kimg: float
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What summary.json holds."""

    schema_version: int
    study: str
    state: str | None
    winner: str | None
    verdict: str
    score: ScoreDescription | None
    arms: dict[str, ArmSummary]
    pairs: tuple[PairComparison, ...]

    def to_json(self) -> str:
        """The content of summary.json."""
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"


def summarise(run: RunData) -> Summary:
    """The outcome of a run as far as it has come; a run without any score has a summary too."""
    confirmed = confirmed_arms(run)
    verdict, comparison = judge(run, list(confirmed.values()))
    return Summary(
        schema_version=SCHEMA_VERSION,
        study=run.study.name,
        state=run.status.state if run.status else None,
        winner=verdict.winner,
        verdict=verdict.sentence,
        score=_describe(run.objective) if run.objective else None,
        arms={arm: _summarise_arm(run, arm, confirmed.get(arm)) for arm in run.arms},
        pairs=comparison.pairs if comparison else (),
    )


def shown_trial(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> TrialData | None:
    """The trial whose images stand for an arm: its best confirmed seed, or else the search's best."""
    return best_trial(confirmed.trials if confirmed else ()) or best_trial(run.of_arm(arm, "search"))


def _summarise_arm(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> ArmSummary:
    trials = run.of_arm(arm)
    best = best_trial(run.of_arm(arm, "search"))
    shown = shown_trial(run, arm, confirmed)
    configuration = confirmed.trials[0] if confirmed else best
    return ArmSummary(
        best_trial=best.name if best else None,
        hyperparameters=dict(configuration.config.searched) if configuration else {},
        search_score=best.score if best else None,
        confirmed=_summarise_confirmed(confirmed) if confirmed else None,
        shown_trial=shown.name if shown else None,
        class_shares=_class_shares(shown, run.objective) if shown and run.objective else None,
        trials_by_state=dict(Counter(t.state.value for t in trials)),
        failure_rate=failure_rate(trials),
        kimg=sum(t.kimg for t in trials),
        seconds=sum(t.seconds for t in trials),
    )


def _summarise_confirmed(arm: ConfirmedArm) -> ConfirmedSummary:
    seeds = tuple(ConfirmedSeed(t.name, t.config.training.seed, t.state.value, t.score) for t in arm.trials)
    return ConfirmedSummary(arm.source, seeds, arm.distribution, arm.optimism, arm.num_configurations)


def _class_shares(trial: TrialData, objective: ObjectiveRecord) -> ClassShares | None:
    shares = trial.evaluations[-1].class_shares
    if shares is None or objective.class_names is None or objective.real_class_shares is None:
        return None
    known = zip(objective.class_names, shares, objective.real_class_shares, strict=True)
    missing = tuple(name for name, share, real in known if share < MISSING_CLASS_RATIO * real)
    return ClassShares(trial.name, min(shares), missing)


def _describe(objective: ObjectiveRecord) -> ScoreDescription:
    key = objective.key
    return ScoreDescription(
        label=key.label(),
        is_published_fid=key.is_published_fid,
        num_generated=key.num_generated,
        num_real=key.num_real,
        floor=objective.floor,
        untrained_score=objective.untrained_score,
        failure_score=objective.failure_score,
        extractor_accuracy=objective.extractor_accuracy,
    )
