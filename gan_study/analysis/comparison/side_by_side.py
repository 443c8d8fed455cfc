"""Compare the arms of several finished studies by their confirmed seeds, under unique names."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from gan_study.analysis.arm_comparison import PairStatistics, compare_runs
from gan_study.analysis.comparison.fairness import ComparedStudy, Difference, differences
from gan_study.analysis.comparison.same_arms import same_arms, same_arms_words
from gan_study.analysis.comparison.same_trainings import SameTrainings, num_same
from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.confirmed_arm import ConfirmedArm
from gan_study.analysis.run_data import RunData
from gan_study.analysis.sentences.notes import damage_warnings, remedy_notes
from gan_study.analysis.sentences.other_count import describe_other_count
from gan_study.analysis.sentences.winner import decide_winner
from gan_study.analysis.summary import Summary, describe_score, summarise_arms
from gan_study.runs.records.measurements import SCHEMA_VERSION, ObjectiveRecord


@dataclass(frozen=True)
class SideBySide:
    """Studies that may be compared, and the comparison of their arms."""

    studies: tuple[ComparedStudy, ...]
    """The studies as loaded."""
    runs: tuple[RunData, ...]
    """Their runs with unique names for the arms and a common failure score."""
    together: RunData
    """All trials and arms, as if from one study. The settings are those of the first study only."""
    confirmed: dict[str, ConfirmedArm]
    """By arm, the confirmed seeds as its own study chose them."""
    summary: Summary
    """The summary of `together`: headline, arms and pairs."""
    differences: tuple[Difference, ...]
    """Settings and facts that differ between the studies, without their arms."""

    @property
    def same_trainings(self) -> tuple[SameTrainings, ...]:
        """Every pair of arms that share confirmed trainings."""
        pairs = [pair.test for pair in self.summary.comparison.pairs if pair.test.num_same]
        searched = self.together.searched_trials
        return tuple(
            SameTrainings(p.a, p.b, p.num_same, num_same(searched(p.a), searched(p.b)), p.is_copy) for p in pairs
        )

    @property
    def same_arms(self) -> tuple[str, ...]:
        """A text for each group of confirmed arms with equal definitions; of several copies, it names the first."""
        copies = {pair.test.b for pair in self.summary.comparison.pairs if pair.test.is_copy}
        groups = ([arm for arm in g if arm in self.confirmed and arm not in copies] for g in same_arms(self.runs))
        return tuple(same_arms_words(group) for group in groups if len(group) > 1)

    @property
    def study_of(self) -> dict[str, str]:
        """By arm, the label of its study."""
        return {arm: study.label for study, run in zip(self.studies, self.runs, strict=True) for arm in run.arms}

    @property
    def pairs(self) -> tuple[PairStatistics, ...]:
        """Every pair of confirmed arms once, in the order of `standing`, so that the leader's pairs come first."""
        found = {(p.test.a, p.test.b): p for pair in self.summary.comparison.pairs for p in (pair, pair.swapped)}
        return tuple(found[pair] for pair in combinations(self.standing, 2) if pair in found)

    @property
    def standing(self) -> tuple[str, ...]:
        """All arms: those with confirmed seeds by rank, the leader first, then the others by their search score."""
        confirmed = self.summary.comparison.standing
        scores = {arm: found.search_score for arm, found in self.summary.arms.items() if arm not in confirmed}
        others = sorted(scores, key=lambda arm: math.inf if (score := scores[arm]) is None else score)
        return *confirmed, *others


def put_side_by_side(studies: Sequence[ComparedStudy]) -> SideBySide:
    """Compare the arms of two or more studies for which `fairness_problems` is empty.

    An arm keeps its name if that is unique; else the label of its study is put before it. A failed seed counts with the
    highest failure score of all studies, so that it ranks below every score.
    """
    objective = _common_objective(studies)
    counts = Counter(arm for study in studies for arm in study.run.arms)
    runs = tuple(
        _renamed(
            replace(study.run, objective=objective),
            {arm: arm if counts[arm] == 1 else f"{study.label}/{arm}" for arm in study.run.arms},
        )
        for study in studies
    )
    together = _together(studies, runs)
    confirmed = {arm: found for run in runs for arm, found in confirmed_arms(run).items()}
    comparison = compare_runs(runs, together.collapsed)
    outcome = decide_winner(together, list(confirmed.values()), comparison)
    other = describe_other_count(list(confirmed.values()), objective, comparison.leader, comparison.level_share)
    summary = Summary(
        schema_version=SCHEMA_VERSION,
        study=together.study.name,
        state="completed",
        winner=outcome.winner,
        verdict=outcome.sentence,
        small_print=outcome.small_print,
        score=describe_score(objective, together.study.objective),
        arms={arm: found for run in runs for arm, found in summarise_arms(run, confirmed).items()},
        comparison=comparison,
        warnings=damage_warnings(together),
        other_count=other,
        notes=(
            *([other.sentence] if other else []),
            *remedy_notes(together, list(confirmed.values())),
            *_extended(studies),
        ),
    )
    return SideBySide(tuple(studies), runs, together, confirmed, summary, tuple(differences(studies)))


def _extended(studies: Sequence[ComparedStudy]) -> tuple[str, ...]:
    labels = [study.label for study in studies if study.run.extensions]
    if not labels:
        return ()
    return (
        f"Extended after results could be seen: {', '.join(labels)}. P values and intervals do not account for that.",
    )


def _common_objective(studies: Sequence[ComparedStudy]) -> ObjectiveRecord:
    """The objective with the highest failure score. All have one key, but each study measured its own references."""
    found = [study.run.objective for study in studies if study.run.objective is not None]
    assert len(found) == len(studies), "a study without an objective is refused"
    worst = max(found, key=lambda objective: objective.failure_score)
    if len({objective.early_num_samples for objective in found}) == 1:
        return worst
    # Scores before the end are of different kinds, so they are not described.
    return worst.model_copy(update={"early_num_samples": None, "early_floor": None})


def _renamed(run: RunData, names: Mapping[str, str]) -> RunData:
    """A run with its arms renamed. The names may have characters that a study file does not allow."""
    arms = {names[arm]: config for arm, config in run.study.arms.items()}
    return replace(
        run,
        study=run.study.model_copy(update={"arms": arms}),
        trials=tuple(
            replace(t, config=t.config.model_copy(update={"arm": names[t.config.arm]}))
            for t in run.trials
            if t.config.arm in names
        ),
        refinements={names[arm]: refinement for arm, refinement in run.refinements.items()},
        importance=None,
    )


def _together(studies: Sequence[ComparedStudy], runs: Sequence[RunData]) -> RunData:
    arms = {arm: config for run in runs for arm, config in run.study.arms.items()}
    name = " v ".join(study.label for study in studies)
    return RunData(
        study=runs[0].study.model_copy(update={"name": name, "description": "", "arms": arms}),
        objective=runs[0].objective,
        environment=None,
        status=runs[0].status,
        trials=tuple(trial for run in runs for trial in run.trials),
        unreadable=tuple(f"{study.label}/{place}" for study in studies for place in study.run.unreadable),
        damaged=tuple(f"{study.label}/{place}" for study in studies for place in study.run.damaged),
    )
