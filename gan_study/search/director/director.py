"""The rules of a study's course, without Ray: it starts trials, receives their progress, and stops or ends them.

The run folder is the single source of truth. A director created on the folder of an interrupted study replays the
known trials to the samplers, starts the unfinished trials first, and then continues as if there had been no
interruption.
"""

from collections.abc import Callable

from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import EvaluationRecord, ObjectiveRecord
from gan_study.runs.records.status import TrialState, TrialStatus
from gan_study.search.director.agenda import Agenda
from gan_study.search.director.answer_order import AnswerOrder
from gan_study.search.director.end_work import lacks_end_work, record_end_failure
from gan_study.search.director.recall import recall_trials, renew_workers
from gan_study.search.director.searches import Searches
from gan_study.search.director.start_failures import StartFailures, shared_failure_text
from gan_study.search.director.study_trials import StudyTrials
from gan_study.search.director.trial_record import TrialRecord, name_batch_size, write_end
from gan_study.search.population.populations import Populations
from gan_study.search.sampling.search_storage import SearchStorage


class Director:
    """Starts a study's trials and receives their progress. A trial's key is (arm, name)."""

    def __init__(
        self,
        study: StudyConfig,
        folder: RunFolder,
        objective: ObjectiveRecord,
        storage: SearchStorage,
        max_concurrent_trials: int,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.study = study
        self.trials = StudyTrials()
        self.agenda = Agenda(study, self.trials, folder.read_decisions(), objective)
        self.abort_reason: str | None = None
        self.failed: list[TrialRecord] = []
        """The trials that have failed in this run, in that order, without the one whose failure ended the study."""
        self.ended: list[TrialRecord] = []
        """The trials that have ended in this run, in that order."""
        self._folder = folder
        self._on_change = on_change
        self.max_concurrent_trials = max_concurrent_trials
        """Trials that may be open at once; it may change at any time."""
        self._searches = Searches(study, folder, objective, storage, self.agenda)
        self._populations = Populations(study, folder, self.agenda, self._searches)
        self._answer_order = AnswerOrder(study)
        self._live: set[tuple[str, str]] = set()
        self._unfinished: list[tuple[str, str]] = []
        self._without_end_work: list[tuple[str, str]] = []
        for arm in study.arms:
            self._recall_arm(arm)
        num_arms = len(study.arms.keys() - self.agenda.skipped_arms)
        self._start_failures = StartFailures(num_arms, any(trial.cur_nimg > 0 for trial in self.trials.values()))

    def __getstate__(self) -> dict[str, object]:
        """Return nothing: Ray pickles the director for a restoration of its own, which is never used."""
        return {}

    @property
    def finished(self) -> bool:
        """True if no further trial will be started."""
        waiting = self._live or self._unfinished or self._without_end_work or self._start_failures
        return self.abort_reason is not None or (not waiting and self.agenda.next_arm() is None)

    @property
    def num_live(self) -> int:
        """Number of trials that have been started and neither ended nor paused."""
        return len(self._live)

    def next_trial(self) -> TrialConfig | None:
        """Return the next trial to start; None at the end, and while another trial must end first."""
        if self.abort_reason is not None or len(self._live) >= self.max_concurrent_trials:
            return None
        key = self._next_key()
        if key is None and not self._live and self._start_failures:
            self._record_start_failures()  # No other trial will show whether they share their cause.
            key = self._next_key()
        if key is None:
            return None
        self._live.add(key)
        self._on_change()
        return self.trials[key].config

    def receive_progress(self, key: tuple[str, str], state: TrialState, evaluation: EvaluationRecord | None) -> bool:
        """Record a trial's progress; return True if the trial must stop now.

        A known evaluation changes nothing, nor does a late message from a trial that has ended or is paused.
        """
        trial = self.trials[key]
        if key not in self._live:
            return False
        if trial.state.is_final:  # It was started for its end work alone.
            if state.is_final:
                self._release_slot(key)
            return False
        if state.is_final or (evaluation is not None and evaluation.cur_nimg > trial.cur_nimg):
            self._start_failures.note_training(key)
            self._record_start_failures()
        stop = self._record_evaluation(trial, evaluation)
        if state.is_final:
            trial.collapsed = state is TrialState.STOPPED  # a trial stops itself for this reason alone
            self._close_trial(key, state)
        elif self._populations.is_waiting(trial):
            self._pause_trial(key)
            return True
        elif stop:
            self._stop_trial(key)
        self._answer_order.add_trial(trial)
        self._on_change()
        return stop and not state.is_final

    def receive_failure(self, key: tuple[str, str], reason: str) -> None:
        """Record that a trial's process has died or failed for good.

        If the training had reached its end before, the trial has not failed: only its end work has. A failure before
        the trial has trained is recorded only once it is clear that the trials do not share it; shared failures abort
        the study, and their trials stay unfinished.
        """
        if self.abort_reason is not None or key not in self._live:
            return
        trial = self.trials[key]
        status = trial.folder.read_status()
        if status is None or not status.state.is_final:
            self._fail_trial(key, reason)
            return
        record_end_failure(trial, status, reason)
        if trial.state.is_final:
            self._release_slot(key)
            return
        for evaluation in trial.folder.read_evaluations():
            self._record_evaluation(trial, evaluation)
        trial.collapsed = status.collapsed
        self._close_trial(key, status.state)

    def abort(self, reason: str) -> None:
        """Start no further trial; those that run stay unfinished, to be resumed."""
        self.abort_reason = self.abort_reason or reason

    def pause_nimg(self, key: tuple[str, str]) -> int | None:
        """Return the images at which a trial waits for the rest of its population; None if it goes on to its end."""
        return self._populations.pause_nimg(self.trials[key].config)

    def _recall_arm(self, arm: str) -> None:
        """Continue from the arm's trials in the run folder."""
        self._populations.finish_copies(arm)
        recalled = {trial.config.name: trial for trial in recall_trials(self._folder, arm, self.agenda.why_cut_short)}
        for trial in recalled.values():
            self.trials.add(trial)
        self._answer_order.continue_after(recalled.values())
        for trial in self._searches.replay_arm(arm):
            self._stop_trial((arm, trial.config.name))
        for name, trial in recalled.items():
            if not trial.state.is_final:
                self._answer_order.add_trial(trial)
                renew_workers(trial, self.study)
                if not self._populations.is_waiting(trial):
                    self._unfinished.append((arm, name))
            elif lacks_end_work(trial):
                self._without_end_work.append((arm, name))
        self._compare_population(arm)

    def _next_key(self) -> tuple[str, str] | None:
        waiting = self._unfinished or self._without_end_work
        if waiting:
            return waiting.pop(0)
        arm = self.agenda.next_arm()
        return self._open_trial(arm) if arm is not None else None

    def _open_trial(self, arm: str) -> tuple[str, str]:
        config = self._searches.next_config(arm)
        folder = self._folder.trial(arm, config.name)
        folder.write_config(config)
        self.trials.add(TrialRecord(config, folder))
        return arm, config.name

    def _record_evaluation(self, trial: TrialRecord, evaluation: EvaluationRecord | None) -> bool:
        """Keep an evaluation unless it is known; return True if the trial's search stops the trial there."""
        if evaluation is None or (trial.evaluations and evaluation.cur_nimg <= trial.cur_nimg):
            return False
        self.trials.add_evaluation(trial, evaluation)
        return self._searches.report_evaluation(trial)

    def _pause_trial(self, key: tuple[str, str]) -> None:
        """Let a trial wait, with its checkpoint, until all of its population have come as far."""
        folder = self.trials[key].folder
        status = folder.read_status() or TrialStatus(state=TrialState.RUNNING)
        folder.write_status(status.model_copy(update={"is_paused": True, "pid": None}))
        self._live.discard(key)
        self._compare_population(key[0])
        self._on_change()

    def _compare_population(self, arm: str) -> None:
        self._unfinished += [(arm, trial.config.name) for trial in self._populations.compare_arm(arm)]

    def _fail_trial(self, key: tuple[str, str], reason: str) -> None:
        self.trials[key].failure = reason
        failures = self._start_failures
        may_count = failures.may_count(key, reason)
        if not may_count or not failures.continues(reason):
            self._record_start_failures()
        if may_count:
            failures.add(key, reason)
            if failures.are_shared:
                self.abort(shared_failure_text(self._folder.location, failures.keys, reason))
                return
        self.failed.append(self.trials[key])
        if may_count:
            self._release_slot(key)
        else:
            self._record_failure(key, reason)

    def _record_start_failures(self) -> None:
        for key, reason in self._start_failures.take_all():
            self._record_failure(key, reason)

    def _record_failure(self, key: tuple[str, str], reason: str) -> None:
        write_end(self.trials[key], TrialState.FAILED, name_batch_size(self.trials[key].config, reason))
        self._close_trial(key, TrialState.FAILED)

    def _stop_trial(self, key: tuple[str, str]) -> None:
        trial = self.trials[key]
        write_end(trial, TrialState.STOPPED, f"not among its arm's best at {trial.cur_nimg:,} images")
        self._close_trial(key, TrialState.STOPPED)

    def _close_trial(self, key: tuple[str, str], state: TrialState) -> None:
        trial = self.trials[key]
        self.trials.close(trial, state)
        self.ended.append(trial)
        self._live.discard(key)
        if trial.config.phase != "confirm":
            self._searches.close_trial(trial)
            self._compare_population(key[0])
        self._on_change()

    def _release_slot(self, key: tuple[str, str]) -> None:
        self._live.discard(key)
        self._on_change()
