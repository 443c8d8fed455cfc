"""The outcome of a study in one value: what summary.json holds and what the report is built from."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pydantic import TypeAdapter

from gan_study.analysis.arm_comparison import ArmsComparison, compare_arms
from gan_study.analysis.confirmation import ConfirmedArm, confirmed_arms
from gan_study.analysis.final_score_summary import FinalSummary, summarise_final
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.sentences.importance_text import ArmImportance, arm_importances
from gan_study.analysis.sentences.notes import damage_warnings, verdict_notes
from gan_study.analysis.sentences.other_count import OtherCount, describe_other_count
from gan_study.analysis.sentences.winner import decide_winner
from gan_study.analysis.statistics.fidelity import Fidelity, describe_fidelity
from gan_study.analysis.statistics.pareto import ParetoSummary, summarise_pareto
from gan_study.analysis.trial_verdicts import arm_sentence, count_words
from gan_study.config.base import Scalar
from gan_study.config.data import ObjectiveConfig
from gan_study.config.rules.objectives import counted_text
from gan_study.metrics.class_histogram import counts_to_class_histogram
from gan_study.runs.records import SCHEMA_VERSION, EvaluationRecord, ObjectiveRecord

MISSING_CLASS_RATIO = 0.1
"""A class is missing if its share is below a tenth of its share among real images.

A threshold of this project: above 0, because a classifier's errors alone put some images into every class.
"""

MANY_CLASSES = 100
"""More classes than this are not drawn or named one by one."""


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
    early_num_generated: int | None = None
    """Generated images of scores before a training's end; None if as many."""
    early_floor: float | None = None
    """Expected score of so many fresh real images."""
    counted: str = ""
    """Which evaluation of a training counts, in words."""


@dataclass(frozen=True)
class ConfirmedSeed:
    """One fresh training."""

    trial: str
    seed: int
    state: str
    score: float | None
    """The one that counts."""
    verdict: str | None = None
    """What became of its generator; None before it has ended."""
    final_scores: FinalSummary | None = None
    """On fresh draws of latents, of all kinds; None before its end, and where they are not asked for."""
    score_last: float | None = None
    """That of the last evaluation."""
    score_best: float | None = None
    """The new score of the best evaluation, on fresh latents; None where there is none."""
    best_nimg: int | None = None
    """Images seen at the best evaluation."""


@dataclass(frozen=True)
class ConfirmedSummary:
    """The fresh trainings of an arm's configuration."""

    source: str
    seeds: tuple[ConfirmedSeed, ...]
    num_configurations: int
    """How many of the arm's configurations were re-trained; this is the one with the lowest mean."""


@dataclass(frozen=True)
class ClassShares:
    """Which classes a trial's generator makes, as the domain classifier sees its images."""

    trial: str
    smallest: float
    missing: tuple[str, ...]
    """Classes with less than a tenth of their real share."""
    num_classes: int
    num_modes: int
    """Classes with at least one image, errors of the classifier included."""
    expected_num_modes: float
    """How many a perfect generator has on average with as many images."""
    kl: float | None
    """KL divergence of the shares from the real ones, in nats; None if a class has images but no real ones."""

    @property
    def has_many_classes(self) -> bool:
        """Whether classes are too many to be looked at one by one (stacked MNIST has 1000), so that modes count."""
        return self.num_classes > MANY_CLASSES

    @property
    def modes_text(self) -> str:
        """Such as `974 of 1,000`."""
        return f"{self.num_modes:,} of {self.num_classes:,}"


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
    kimg: float
    seconds: float
    trials_by_verdict: dict[str, int] = field(default_factory=dict)
    """Trials that have ended, the worst verdict first."""
    verdicts: dict[str, str] = field(default_factory=dict)
    """The verdict on each of them, with its missing classes and whether it collapsed late."""


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
    comparison: ArmsComparison
    """Every statistic about the arms and the pairs of them."""
    importance: tuple[ArmImportance, ...] = ()
    """Which hyperparameters mattered in each arm's search; empty where importance.json is not there."""
    pareto: ParetoSummary | None = None
    """The fronts of a search with several objectives; null where the score is the only one."""
    fidelity: Fidelity | None = None
    """How well scores before the end tell the order; None if they are made from as many images."""
    small_print: str = ""
    """The test and the intervals behind the verdict; empty if nothing is tested."""
    other_count: OtherCount | None = None
    """The confirmed seeds by the evaluation that does not count; null where they have no scores by it."""
    notes: tuple[str, ...] = ()
    """What has to be known beside the verdict, one sentence each."""
    warnings: tuple[str, ...] = ()
    """What is missing from the run folder, so that numbers may be wrong."""

    @property
    def trial_verdicts(self) -> tuple[str, ...]:
        """For each arm of which a trial has ended, a sentence that counts the verdicts on its trials."""
        counts = {arm: found.trials_by_verdict for arm, found in self.arms.items()}
        return tuple(arm_sentence(arm, found) for arm, found in counts.items() if found)

    def to_json(self) -> str:
        """The content of summary.json."""
        values = TypeAdapter(Summary).dump_python(self, mode="json")
        return json.dumps(values, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: str) -> "Summary":
        """The summary that this version wrote as `content`."""
        return TypeAdapter(Summary).validate_json(content)


def summarise(run: RunData) -> Summary:
    """The outcome of a run as far as it has come; a run without any score has a summary too."""
    confirmed = confirmed_arms(run)
    comparison = compare_arms(run, run.collapsed)
    verdict = decide_winner(run, list(confirmed.values()), comparison)
    other = describe_other_count(list(confirmed.values()), run.objective, comparison.leader)
    return Summary(
        schema_version=SCHEMA_VERSION,
        study=run.study.name,
        state=run.status.state if run.status else None,
        winner=verdict.winner,
        verdict=verdict.sentence,
        score=describe_score(run.objective, run.study.objective) if run.objective else None,
        arms=summarise_arms(run, confirmed),
        comparison=comparison,
        importance=arm_importances(run),
        pareto=summarise_pareto(run),
        fidelity=describe_fidelity(run),
        small_print=verdict.small_print,
        other_count=other,
        notes=(*([other.sentence] if other else []), *verdict_notes(run, list(confirmed.values()))),
        warnings=damage_warnings(run),
    )


def shown_trial(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> TrialData | None:
    """The trial whose images stand for an arm: its best confirmed seed, or else the search's best."""
    return best_trial(confirmed.trials if confirmed else ()) or best_trial(run.searched(arm))


def summarise_arms(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> dict[str, ArmSummary]:
    """Every arm of a run; `confirmed` as `confirmed_arms` gives it."""
    return {arm: _summarise_arm(run, arm, confirmed.get(arm)) for arm in run.arms}


def _summarise_arm(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> ArmSummary:
    trials = run.of_arm(arm)
    best = best_trial(run.searched(arm))
    shown = shown_trial(run, arm, confirmed)
    configuration = confirmed.trials[0] if confirmed else best
    found = {name: verdict for (its_arm, name), verdict in run.verdicts.items() if its_arm == arm}
    return ArmSummary(
        best_trial=best.name if best else None,
        hyperparameters=dict(configuration.config.searched) if configuration else {},
        search_score=best.score if best else None,
        confirmed=_summarise_confirmed(run, confirmed) if confirmed else None,
        shown_trial=shown.name if shown else None,
        class_shares=_counted_shares(run, shown) if shown else None,
        trials_by_state=dict(Counter(t.state.value for t in trials)),
        kimg=sum(t.kimg for t in trials),
        seconds=sum(t.seconds for t in trials),
        trials_by_verdict=count_words(found.values()),
        verdicts={name: verdict.text for name, verdict in found.items()},
    )


def _summarise_confirmed(run: RunData, arm: ConfirmedArm) -> ConfirmedSummary:
    seeds = tuple(
        ConfirmedSeed(
            t.name,
            t.config.training.seed,
            t.state.value,
            t.score,
            score_last=t.score_at("last"),
            score_best=t.score_at("best"),
            best_nimg=t.best.cur_nimg if t.best else None,
            verdict=verdict.text if (verdict := run.verdict_of(t)) else None,
            final_scores=summarise_final(t.final_scores) if t.final_scores else None,
        )
        for t in arm.trials
    )
    return ConfirmedSummary(arm.source, seeds, arm.num_configurations)


def _counted_shares(run: RunData, trial: TrialData) -> ClassShares | None:
    counted = trial.counted
    return class_shares(trial.name, counted, run.objective) if run.objective and counted else None


def class_shares(trial: str, evaluation: EvaluationRecord, objective: ObjectiveRecord) -> ClassShares | None:
    """Which classes a trial's generator made at one evaluation; None if the extractor knows none, or its images were
    not finite.
    """
    shares = evaluation.class_shares
    if shares is None or objective.class_names is None or objective.real_class_shares is None:
        return None
    known = zip(objective.class_names, shares, objective.real_class_shares, strict=True)
    missing = tuple(name for name, share, real in known if share < MISSING_CLASS_RATIO * real)
    counts = np.rint(np.array(shares) * objective.num_samples(evaluation)).astype(int)
    histogram = counts_to_class_histogram(counts, np.array(objective.real_class_shares))
    return ClassShares(
        trial=trial,
        smallest=min(shares),
        missing=missing,
        num_classes=len(shares),
        num_modes=histogram.num_modes,
        expected_num_modes=histogram.expected_num_modes,
        kl=histogram.kl,
    )


def describe_score(objective: ObjectiveRecord, config: ObjectiveConfig) -> ScoreDescription:
    """What the scores of an objective are, for summary.json and the head of a page."""
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
        early_num_generated=objective.early_num_samples,
        early_floor=objective.early_floor,
        counted=counted_text(config),
    )
