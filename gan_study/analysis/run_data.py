"""The content of a run folder as plain values, from which all statistics and figures are computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gan_study.analysis.trial_verdicts import TrialVerdict, trial_verdict
from gan_study.config.study import StudyConfig
from gan_study.config.training import Phase, TrialConfig
from gan_study.runs.counted_generator import At, counted_nimg, counted_score
from gan_study.runs.records.decisions import DecisionsRecord
from gan_study.runs.records.diagnosis import DiagnosisRecord
from gan_study.runs.records.environment import Environment
from gan_study.runs.records.extensions import ExtensionRecord
from gan_study.runs.records.final_scores import FinalScores
from gan_study.runs.records.importance import ImportanceRecord
from gan_study.runs.records.measurements import BestScore, EvaluationRecord, ObjectiveRecord
from gan_study.runs.records.refinement import RefinementRecord
from gan_study.runs.records.status import LOST_PROCESS, StudyStatus, TrialState, TrialStatus


@dataclass(frozen=True)
class TrialData:
    """One trial, ended or not."""

    config: TrialConfig
    status: TrialStatus
    evaluations: tuple[EvaluationRecord, ...] = ()
    """In the order of images seen; empty before the first."""
    diagnosis: DiagnosisRecord | None = None
    """diagnosis.json; None if its images were not measured."""
    final_scores: FinalScores | None = None
    """All scores at the end of a confirmed trial. None before it, or if the study asks for none."""

    @property
    def name(self) -> str:
        """Name of the trial within its arm."""
        return self.config.name

    @property
    def state(self) -> TrialState:
        """State of the trial, such as running or completed."""
        return self.status.state

    @property
    def at(self) -> At:
        """The evaluation whose score counts: the last or the best."""
        return self.config.training.objective.at

    @property
    def score(self) -> float | None:
        """The score that counts; lower is better.

        By `objective.at` it is that of the last evaluation, or the score of the best one on fresh latents. A stopped
        trial has the score of its last evaluation. None while the trial runs, if it diverged or failed, or if it was
        stopped on a score from fewer images than a ranking needs.
        """
        last = self._last
        return counted_score(last, self.at) if last is not None and self._is_full(last) else None

    def score_at(self, at: At) -> float | None:
        """The score of the last evaluation, or that of the best one on fresh latents, whichever counts.

        None for a trial that runs, diverged or failed, and if the best evaluation was not scored again.
        """
        last = self._last
        if at == "best":
            return last.best.score if last is not None and last.best is not None else None
        return last.score if last is not None and self._is_full(last) else None

    @property
    def best(self) -> BestScore | None:
        """The best evaluation with its score on fresh latents; None if it was not scored again."""
        return self._last.best if self._last is not None else None

    @property
    def counted(self) -> EvaluationRecord | None:
        """The evaluation whose generator counts; None before the first evaluation.

        For a trial that runs, diverged or failed it is the last one. Its own score is the one by which the best
        evaluation was chosen.
        """
        if not self.evaluations:
            return None
        nimg = counted_nimg(self.evaluations[-1], self.at)
        return next(e for e in self.evaluations if e.cur_nimg == nimg)

    @property
    def early_score(self) -> float | None:
        """The last score from fewer images of a trial that has ended; lower is better.

        None if it diverged or failed, or if all its scores are from equally many images.
        """
        last = self._last
        if last is None or self.config.training.objective.early_num_samples is None:
            return None
        return last.early_score if self._is_full(last) else last.score

    @property
    def _last(self) -> EvaluationRecord | None:
        """The last evaluation of a completed or stopped trial; None for others."""
        has_ended = self.state in (TrialState.COMPLETED, TrialState.STOPPED)
        return self.evaluations[-1] if has_ended and self.evaluations else None

    def _is_full(self, evaluation: EvaluationRecord) -> bool:
        return evaluation.num_samples in (None, self.config.training.objective.num_samples)

    @property
    def is_lost(self) -> bool:
        """True if it ended without any score: it diverged or failed, or the images that count were not finite."""
        was_stopped_early = self.state is TrialState.STOPPED and self.early_score is not None
        return self.state.is_final and self.score is None and not was_stopped_early

    @property
    def has_lost_its_process(self) -> bool:
        """True if it failed because its process ended, and not by an error of the training."""
        return self.state is TrialState.FAILED and (self.status.reason or "").startswith(LOST_PROCESS)

    @property
    def is_damaged(self) -> bool:
        """True if its last scores are missing: a trial completes or is stopped only at an evaluation."""
        if self.state not in (TrialState.COMPLETED, TrialState.STOPPED):
            return False
        return not self.evaluations or self.evaluations[-1].cur_nimg < self.status.cur_nimg

    @property
    def kimg(self) -> float:
        """Thousands of images it was trained on, failed or not."""
        return max([self.status.cur_nimg, *(e.cur_nimg for e in self.evaluations)]) / 1000

    @property
    def seconds(self) -> float:
        """Seconds of training and evaluation over all attempts, up to the end of the loop or the last evaluation."""
        return max(self.evaluations[-1].seconds if self.evaluations else 0.0, self.status.seconds or 0.0)

    @property
    def device_sec(self) -> float:
        """Device seconds: `seconds` times the number of workers at the time, each of which has one device."""
        if not self.evaluations:
            return self.seconds * self.config.workers.num_workers
        last, num_workers = self.evaluations[-1], self.config.workers.num_workers
        return last.device_sec_on(num_workers) + (self.seconds - last.seconds) * (last.num_workers or num_workers)


@dataclass(frozen=True)
class RunData:
    """A whole run. A file that does not exist (yet) is None."""

    study: StudyConfig
    objective: ObjectiveRecord | None
    environment: Environment | None
    status: StudyStatus | None
    trials: tuple[TrialData, ...]
    """All trials, by arm, phase, repeat and index."""
    unreadable: tuple[str, ...] = ()
    """Folders of trials without a config.json. No table shows them."""
    damaged: tuple[str, ...] = ()
    """Folders of trials whose scores are missing. `trials` leaves them out, since they may not have failed."""
    extensions: tuple[ExtensionRecord, ...] = ()
    """Extensions of the study after it had been run, the oldest first."""
    importance: ImportanceRecord | None = None
    """Importance of the hyperparameters by functional ANOVA."""
    decisions: DecisionsRecord = field(default_factory=DecisionsRecord)
    """Decisions by hand that cut the study short. `study` and `trials` do not contain the arms that were given up."""
    refinements: Mapping[str, RefinementRecord] = field(default_factory=dict)
    """By arm, the ranges of its refined search; only arms whose refinement has begun."""
    location: str = ""
    """The run folder; empty for several runs together."""

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms in the order of the study file."""
        return tuple(self.study.arms)

    @property
    def is_finished(self) -> bool:
        """True if the study has ended, so that no further trial will start."""
        return self.status is not None and self.status.state in ("completed", "failed")

    def state_text(self, state: TrialState) -> str:
        """A trial's state in words; `unfinished` if it was running when the study was interrupted."""
        at_work = self.status is not None and self.status.state == "running"
        return "unfinished" if state is TrialState.RUNNING and not at_work else state.value

    @cached_property
    def verdicts(self) -> dict[tuple[str, str], TrialVerdict]:
        """The verdict on every trial that has ended, by arm and name."""
        found = {
            (t.config.arm, t.name): trial_verdict(t.config, t.status, t.evaluations, self.objective, t.diagnosis)
            for t in self.trials
        }
        return {key: verdict for key, verdict in found.items() if verdict is not None}

    def verdict_of(self, trial: TrialData) -> TrialVerdict | None:
        """The verdict on one trial; None before it has ended."""
        return self.verdicts.get((trial.config.arm, trial.name))

    @property
    def collapsed(self) -> frozenset[tuple[str, str]]:
        """Arm and name of the trials whose generator collapsed totally or diverged, with or without a score."""
        by_verdict = {key for key, verdict in self.verdicts.items() if verdict.is_lost}
        return frozenset(by_verdict | {(t.config.arm, t.name) for t in self.trials if t.status.collapsed})

    def trials_of_arm(self, arm: str, phase: Phase | None = None) -> tuple[TrialData, ...]:
        """An arm's trials, of one phase or of all, by index."""
        return tuple(t for t in self.trials if t.config.arm == arm and phase in (None, t.config.phase))

    def searched_trials(self, arm: str) -> tuple[TrialData, ...]:
        """An arm's search trials, then its refine trials. Its best configuration is chosen among these."""
        return self.trials_of_arm(arm, "search") + self.trials_of_arm(arm, "refine")


def best_first(trials: Sequence[TrialData]) -> tuple[TrialData, ...]:
    """Completed trials by score, the lowest first; then stopped ones by score; then those without a score.

    A stopped trial always comes after a completed one, because it was scored after a shorter training. A trial that was
    stopped on a score from fewer images comes after all trials with a score and before those that failed.
    """

    def rank(trial: TrialData) -> tuple[bool, bool, float]:
        if trial.score is None:
            return True, trial.early_score is None, 0.0
        return False, trial.state is not TrialState.COMPLETED, trial.score

    return tuple(sorted(trials, key=rank))


def best_trial(trials: Sequence[TrialData]) -> TrialData | None:
    """The first of `best_first`; None if no trial has a score."""
    return next((t for t in best_first(trials) if t.score is not None), None)
