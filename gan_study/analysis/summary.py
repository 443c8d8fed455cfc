"""The result of a study as one value: the content of summary.json, from which the report is built."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from gan_study.analysis.arm_comparison import ArmsComparison, compare_arms
from gan_study.analysis.class_shares import ClassShares, class_shares
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.effects.arm_effects import ArmEffects, arm_effects
from gan_study.analysis.final_score_summary import FinalSummary, summarise_final
from gan_study.analysis.health.finding import HealthFinding
from gan_study.analysis.health.search_health import search_health
from gan_study.analysis.looks import Look, passed_looks
from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.sentences.importance_text import ArmImportance, arm_importances
from gan_study.analysis.sentences.looks_text import looks_note
from gan_study.analysis.sentences.luck_text import Luck, describe_luck
from gan_study.analysis.sentences.notes import damage_warnings, verdict_notes
from gan_study.analysis.sentences.other_count import OtherCount, describe_other_count
from gan_study.analysis.sentences.winner import decide_winner
from gan_study.analysis.statistics.fidelity import Fidelity, describe_fidelity
from gan_study.analysis.statistics.pareto import ParetoSummary, summarise_pareto
from gan_study.analysis.trial_verdicts import arm_sentence, count_words
from gan_study.config.base import Scalar
from gan_study.config.data import ObjectiveConfig
from gan_study.config.plan.search_text import counted_text
from gan_study.runs.records.measurements import SCHEMA_VERSION, ObjectiveRecord


@dataclass(frozen=True)
class ScoreDescription:
    """The kind of score of a study, with the reference values by which to read it."""

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
    """Generated images of scores before a training's end; None if equal to `num_generated`."""
    early_floor: float | None = None
    """Expected score of `early_num_generated` fresh real images."""
    counted: str = ""
    """The evaluation of a training that counts, in words."""


@dataclass(frozen=True)
class ConfirmedSeed:
    """One training with a fresh seed."""

    trial: str
    seed: int
    state: str
    score: float | None
    """The score that counts."""
    verdict: str | None = None
    """The verdict on its generator; None before the training has ended."""
    final_scores: FinalSummary | None = None
    """Scores of all kinds on fresh draws of latents. None before its end, or if the study asks for none."""
    score_last: float | None = None
    """Score of the last evaluation."""
    score_best: float | None = None
    """Score of the best evaluation on fresh latents; None if it was not scored again."""
    best_nimg: int | None = None
    """Images seen at the best evaluation."""


@dataclass(frozen=True)
class ConfirmedSummary:
    """The confirmed seeds of an arm's configuration."""

    source: str
    seeds: tuple[ConfirmedSeed, ...]
    num_configurations: int
    """Configurations of the arm that were re-trained. This one has the lowest mean score."""


@dataclass(frozen=True)
class ArmSummary:
    """Summary of one arm.

    `best_trial` is the best of the search. `shown_trial` is the best confirmed seed, or else the best of the search.
    """

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
    """Number of ended trials with each verdict, the worst first."""
    verdicts: dict[str, str] = field(default_factory=dict)
    """By name of an ended trial, its verdict with missing classes and late collapse."""


@dataclass(frozen=True)
class Summary:
    """The content of summary.json."""

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
    """Importance of the hyperparameters in each arm's search; empty without importance.json."""
    pareto: ParetoSummary | None = None
    """The Pareto fronts of a search with several objectives; None with one objective."""
    fidelity: Fidelity | None = None
    """Rank correlation of scores before the end with full scores; None if they are from equally many images."""
    effects: tuple[ArmEffects, ...] = ()
    """Predicted effects of the searched values in each arm; empty for an unfinished study."""
    health: tuple[HealthFinding, ...] = ()
    """Findings of the checks of the search, the serious first; empty for an unfinished study."""
    small_print: str = ""
    """The test and the intervals behind the verdict; empty if nothing is tested."""
    other_count: OtherCount | None = None
    """The confirmed seeds by the evaluation that does not count; None if they have no scores by it."""
    looks: tuple[Look, ...] = ()
    """The looks at the confirmed seeds so far; empty without `confirm.until_decided`."""
    luck: Luck | None = None
    """The scatter of the confirmed scores by its causes, and the smallest difference that the study can tell."""
    notes: tuple[str, ...] = ()
    """Sentences that qualify the verdict."""
    warnings: tuple[str, ...] = ()
    """Sentences on files missing from the run folder, because of which numbers may be wrong."""

    @property
    def trial_verdicts(self) -> tuple[str, ...]:
        """A sentence for each arm with ended trials that counts their verdicts."""
        counts = {arm: found.trials_by_verdict for arm, found in self.arms.items()}
        return tuple(arm_sentence(arm, found) for arm, found in counts.items() if found)

    def to_json(self) -> str:
        """The content of summary.json."""
        values = TypeAdapter(Summary).dump_python(self, mode="json")
        return json.dumps(values, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: str) -> "Summary":
        """Read a summary.json that this version has written."""
        return TypeAdapter(Summary).validate_json(content)


def summarise(run: RunData) -> Summary:
    """Summarise a run, which may be unfinished and without any score."""
    confirmed = confirmed_arms(run)
    comparison = compare_arms(run, run.collapsed)
    outcome = decide_winner(run, list(confirmed.values()), comparison)
    other = describe_other_count(list(confirmed.values()), run.objective, comparison.leader, comparison.level_share)
    return Summary(
        schema_version=SCHEMA_VERSION,
        study=run.study.name,
        state=run.status.state if run.status else None,
        winner=outcome.winner,
        verdict=outcome.sentence,
        score=describe_score(run.objective, run.study.objective) if run.objective else None,
        arms=summarise_arms(run, confirmed),
        comparison=comparison,
        importance=arm_importances(run),
        pareto=summarise_pareto(run),
        fidelity=describe_fidelity(run),
        effects=arm_effects(run, confirmed),
        health=search_health(run),
        small_print=outcome.small_print,
        other_count=other,
        looks=passed_looks(run),
        luck=describe_luck(run, confirmed),
        notes=(*looks_note(run), *([other.sentence] if other else []), *verdict_notes(run, list(confirmed.values()))),
        warnings=damage_warnings(run),
    )


def shown_trial(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> TrialData | None:
    """The trial whose images represent an arm: its best confirmed seed, or else the best of the search."""
    return best_trial(confirmed.trials if confirmed else ()) or best_trial(run.searched_trials(arm))


def summarise_arms(run: RunData, confirmed: Mapping[str, ConfirmedArm]) -> dict[str, ArmSummary]:
    """Summarise every arm of a run; `confirmed` comes from `confirmed_arms`."""
    return {arm: _summarise_arm(run, arm, confirmed.get(arm)) for arm in run.arms}


def _summarise_arm(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> ArmSummary:
    trials = run.trials_of_arm(arm)
    best = best_trial(run.searched_trials(arm))
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


def describe_score(objective: ObjectiveRecord, config: ObjectiveConfig) -> ScoreDescription:
    """Describe the scores of an objective, for summary.json and the head of a page."""
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
