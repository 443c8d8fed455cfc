"""The confirmed seeds of one arm: trainings with fresh seeds of the configuration that the search found."""

from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from gan_study.analysis.run_data import RunData, TrialData, best_trial
from gan_study.analysis.statistics.failures import counted_scores
from gan_study.analysis.statistics.pareto import front_first, known_values
from gan_study.config.arms.trial_configs import seed_number
from gan_study.config.training import PHASES
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState


@dataclass(frozen=True)
class ConfirmedArm:
    """The confirmed seeds of one arm. All that have ended are included, even failed ones."""

    arm: str
    source: str
    """The search trial whose configuration was re-trained."""
    search_score: float | None
    """Score of that search trial."""
    trials: tuple[TrialData, ...]
    """One trial for each seed; without a score if it diverged or failed."""
    counted: tuple[float, ...]
    """The scores by which arms are compared, capped at the failure score, which a failed seed gets too."""
    num_configurations: int
    """Configurations of the search that were re-trained. This one has the lowest mean score."""
    superseded: tuple[TrialData, ...] = ()
    """Confirmed seeds of configurations that are no longer among the best since the study was extended. They do not
    count."""
    after_last_look: tuple[TrialData, ...] = ()
    """Confirmed seeds of the other configurations after the last look of `confirm.until_decided`. They do not count."""

    @property
    def failed(self) -> tuple[TrialData, ...]:
        """The seeds without a score."""
        return tuple(t for t in self.trials if t.score is None)


def arms_with_seeds(run: RunData, most_seeds: int | None = None) -> dict[str, ConfirmedArm]:
    """The arms with at least one ended confirm trial, in the order of the study file; empty without an objective.

    If several of the best configurations of an arm were re-trained, the one with the lowest mean of counted scores
    represents the arm. A configuration that further search trials have pushed out of the best `top_k` does not count,
    so that every arm has equally many candidates, and an extended study gives the result that it would have given with
    that budget from the start. The former best count until a seed of one of the new best has ended.

    most_seeds: only the first so many seeds of each configuration count; None for all.
    """
    if run.objective is None:
        return {}
    found = [_confirmed_arm(run, arm, run.objective, most_seeds) for arm in run.arms]
    return {arm.arm: arm for arm in found if arm is not None}


def has_all_seeds(run: RunData, num_seeds: int) -> bool:
    """Return True if the first `num_seeds` seeds of every configuration to confirm, in all arms, have ended."""
    return all(
        sum(t.config.source == source and seed_number(t.name) < num_seeds for t in _ended(run, arm)) == num_seeds
        for arm in run.arms
        for source in _best_sources(run, arm)
    )


def represented_by(run: RunData, arm: str, confirmed: ConfirmedArm | None) -> TrialData | None:
    """The search trial of the confirmed configuration, or else the best one; None without a score."""
    trials = run.searched_trials(arm)
    return next((t for t in trials if confirmed and t.name == confirmed.source), None) or best_trial(trials)


def _ended(run: RunData, arm: str) -> list[TrialData]:
    return [t for t in run.trials_of_arm(arm, "confirm") if t.state.is_final]


def _confirmed_arm(run: RunData, arm: str, objective: ObjectiveRecord, most_seeds: int | None) -> ConfirmedArm | None:
    ended = sorted(_ended(run, arm), key=lambda t: (t.config.source or "", t.config.training.seed))
    every = {source: tuple(group) for source, group in groupby(ended, key=lambda t: t.config.source)}
    best = _best_sources(run, arm)
    groups = [group for source, group in every.items() if source in best] or list(every.values())
    known = [tuple(t for t in group if most_seeds is None or seed_number(t.name) < most_seeds) for group in groups]
    candidates = [group for group in known if group]
    if not candidates:
        return None
    trials = min(candidates, key=lambda group: fmean(counted_scores(group, objective)))
    counted = counted_scores(trials, objective)
    source = trials[0].config.source or ""
    found = next((t for t in run.searched_trials(arm) if t.name == source), None)
    return ConfirmedArm(
        arm=arm,
        source=source,
        search_score=found.score if found else None,
        trials=trials,
        counted=counted,
        num_configurations=len(candidates),
        superseded=tuple(t for group in every.values() if group not in groups for t in group),
        after_last_look=tuple(t for group, few in zip(groups, known, strict=True) for t in group[len(few) :]),
    )


def _best_sources(run: RunData, arm: str) -> set[str]:
    """Names of the search trials to confirm by the present state of the search: the best `top_k` completed ones."""
    completed = [t for t in run.searched_trials(arm) if t.state is TrialState.COMPLETED and t.score is not None]
    completed.sort(key=lambda t: (t.score, PHASES.index(t.config.phase), t.config.index, t.config.repeat))
    names = run.study.search.objectives
    if len(names) > 1:
        # As in the search, a trial whose coverage could not be measured counts with a coverage of 0.
        completed = front_first(completed, [{n: known_values(t)[n] or 0.0 for n in names} for t in completed])
    return {t.name for t in completed[: run.study.confirm.top_k]}
