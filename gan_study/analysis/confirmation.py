"""The confirmed seeds of each arm: fresh trainings of the configuration that the search found."""

from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.statistics.failures import counted_scores
from gan_study.analysis.statistics.pareto import front_first, known_values
from gan_study.config.training import PHASES
from gan_study.runs.records import ObjectiveRecord, TrialState


@dataclass(frozen=True)
class ConfirmedArm:
    """The confirmed seeds of one arm: all that have ended, none dropped."""

    arm: str
    source: str
    """The search trial whose configuration was re-trained."""
    search_score: float | None
    """What that search trial scored."""
    trials: tuple[TrialData, ...]
    """One for each seed; those without a score diverged or failed."""
    counted: tuple[float, ...]
    """The scores as they are compared: at most the failure score, which also stands for a failed seed."""
    num_configurations: int
    """How many of the search's best were re-trained; this is the one with the lowest mean."""
    superseded: tuple[TrialData, ...] = ()
    """Confirmed seeds of configurations that were among the best until the study was extended. They do not count."""

    @property
    def failed(self) -> tuple[TrialData, ...]:
        """The seeds without a score."""
        return tuple(t for t in self.trials if t.score is None)


def confirmed_arms(run: RunData) -> dict[str, ConfirmedArm]:
    """The arms of which a confirm trial has ended, in the order of the study file; empty without an objective.

    If several of the best configurations of an arm were re-trained, the one with the lowest mean of counted scores
    stands for it. A configuration that further search trials have driven out of the best `top_k` does not: so every arm
    has as many candidates, and a study that was extended says what it would have said with that budget from the start.
    Until a seed of one of the new best has ended, the former best stand.
    """
    if run.objective is None:
        return {}
    found = [_confirmed_arm(run, arm, run.objective) for arm in run.arms]
    return {arm.arm: arm for arm in found if arm is not None}


def _confirmed_arm(run: RunData, arm: str, objective: ObjectiveRecord) -> ConfirmedArm | None:
    ended = [t for t in run.of_arm(arm, "confirm") if t.state.is_final]
    ended.sort(key=lambda t: (t.config.source or "", t.config.training.seed))
    every = {source: tuple(group) for source, group in groupby(ended, key=lambda t: t.config.source)}
    best = _best_sources(run, arm)
    groups = [group for source, group in every.items() if source in best] or list(every.values())
    if not groups:
        return None
    trials = min(groups, key=lambda group: fmean(counted_scores(group, objective)))
    counted = counted_scores(trials, objective)
    source = trials[0].config.source or ""
    found = next((t for t in run.searched(arm) if t.name == source), None)
    return ConfirmedArm(
        arm=arm,
        source=source,
        search_score=found.score if found else None,
        trials=trials,
        counted=counted,
        num_configurations=len(groups),
        superseded=tuple(t for group in every.values() if group not in groups for t in group),
    )


def _best_sources(run: RunData, arm: str) -> set[str]:
    """The searched trials that are to be confirmed, as far as the search has come: the best `top_k` that completed."""
    completed = [t for t in run.searched(arm) if t.state is TrialState.COMPLETED and t.score is not None]
    completed.sort(key=lambda t: (t.score, PHASES.index(t.config.phase), t.config.index, t.config.repeat))
    names = run.study.search.objectives
    if len(names) > 1:
        # As the search does it: a trial whose coverage could not be measured counts as one with none at all.
        completed = front_first(completed, [{n: known_values(t)[n] or 0.0 for n in names} for t in completed])
    return {t.name for t in completed[: run.study.confirm.top_k]}
