"""The confirmed seeds of each arm: fresh trainings of the configuration that the search found."""

from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from gan_study.analysis.failures import counted_scores
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.runs.records import ObjectiveRecord


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
    """How many of the arm's configurations were re-trained; this is the one with the lowest mean."""

    @property
    def failed(self) -> tuple[TrialData, ...]:
        """The seeds without a score."""
        return tuple(t for t in self.trials if t.score is None)


def confirmed_arms(run: RunData) -> dict[str, ConfirmedArm]:
    """The arms of which a confirm trial has ended, in the order of the study file; empty without an objective.

    If several configurations of an arm were re-trained, the one with the lowest mean of counted scores stands for it.
    """
    if run.objective is None:
        return {}
    found = [_confirmed_arm(run, arm, run.objective) for arm in run.arms]
    return {arm.arm: arm for arm in found if arm is not None}


def _confirmed_arm(run: RunData, arm: str, objective: ObjectiveRecord) -> ConfirmedArm | None:
    ended = [t for t in run.of_arm(arm, "confirm") if t.state.is_final]
    ended.sort(key=lambda t: (t.config.source or "", t.config.index))
    groups = [tuple(group) for _, group in groupby(ended, key=lambda t: t.config.source)]
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
    )
