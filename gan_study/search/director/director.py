"""What is trained next, when a trial is given up, and what is written down: the study's rules, without Ray.

The run folder is the one truth. A director made on the folder of an interrupted study tells the samplers
what has been found, sends out the unfinished trials first, and then goes on as if nothing had happened.
"""

from collections.abc import Callable

from optuna.storages import BaseStorage

from gan_study.config.arms.arm import Arm
from gan_study.config.arms.trial_configs import refine_trial_config, search_trial_config
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import EvaluationRecord, HeardRecord, ObjectiveRecord, TrialState, TrialStatus
from gan_study.search.director.agenda import Agenda
from gan_study.search.director.end_work import lacks_end_work, note_end_failure
from gan_study.search.director.recall import recall_trials, renew_workers, replay
from gan_study.search.director.trial_record import TrialRecord, write_end
from gan_study.search.population.population import Population
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.objective_values import TrialEnd
from gan_study.search.sampling.pruners import PRUNING
from gan_study.search.sampling.refinement import begin_refinement


class Director:
    """Hands out trials and hears of them. Trials go by (arm, name)."""

    def __init__(
        self,
        study: StudyConfig,
        folder: RunFolder,
        objective: ObjectiveRecord,
        storage: BaseStorage,
        max_concurrent_trials: int,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.study = study
        self.trials: dict[tuple[str, str], TrialRecord] = {}
        self.agenda = Agenda(study, self.trials, folder.read_decisions())
        self.abort_reason: str | None = None
        self._folder = folder
        self._on_change = on_change
        self._max_concurrent_trials = max_concurrent_trials
        self._storage = storage
        self._objective = objective
        self._num_train_images = objective.num_train_images
        self._refinements: dict[str, ArmSearch] = {}
        self._searches = {
            (arm, repeat): ArmSearch(
                study, arm, storage, objective.failure_score, objective.num_train_images, repeat=repeat
            )
            for arm in study.arms
            for repeat in range(study.search.repeats)
        }
        is_population = study.search.scheduler == "pbt"
        self._populations = {arm: Population(study, arm, folder) for arm in study.arms} if is_population else {}
        self._live: set[tuple[str, str]] = set()
        self._unfinished: list[tuple[str, str]] = []
        self._unended: list[tuple[str, str]] = []
        self._num_heard = 0
        self._is_judged = study.search.scheduler in PRUNING and len(study.search.objectives) == 1
        for arm in study.arms:
            self._recall(arm)

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Ray pickles what it is given for a restoration of its own, which is never used."""
        return {}

    @property
    def finished(self) -> bool:
        """Whether no further trial will be handed out."""
        waiting = self._live or self._unfinished or self._unended
        return self.abort_reason is not None or (not waiting and self.agenda.next_arm() is None)

    @property
    def num_live(self) -> int:
        """Trials that have been handed out and neither ended nor wait."""
        return len(self._live)

    def next_trial(self) -> TrialConfig | None:
        """The next trial to start; None if it cannot be said before another has ended, or at the end."""
        if self.abort_reason is not None or len(self._live) >= self._max_concurrent_trials:
            return None
        waiting = self._unfinished or self._unended
        if waiting:
            key = waiting.pop(0)
        else:
            arm = self.agenda.next_arm()
            if arm is None:
                return None
            key = self._open(arm)
        self._live.add(key)
        self._on_change()
        return self.trials[key].config

    def hear(self, key: tuple[str, str], state: TrialState, evaluation: EvaluationRecord | None) -> bool:
        """Take in a trial's progress; whether the trial is to be stopped now.

        What was heard before changes nothing, nor does what still comes from a trial that has ended or waits.
        """
        trial = self.trials[key]
        if key not in self._live:
            return False
        if trial.state.is_final:  # It was sent out for its end work alone.
            if state.is_final:
                self._leave(key)
            return False
        stop = self._take_in(trial, evaluation)
        if state.is_final:
            trial.collapsed = state is TrialState.STOPPED  # a trial stops itself for this reason alone
            self._close(key, state)
        elif self._is_waiting(trial):
            self._pause(key)
            return True
        elif stop:
            self._give_up(key)
        self._note_heard(trial)
        self._on_change()
        return stop and not state.is_final

    def hear_of_failure(self, key: tuple[str, str], reason: str) -> None:
        """A trial's process has died or raised for good.

        A training that had come to its end before has not failed: only its end work has.
        """
        if self.abort_reason is not None or key not in self._live:
            return
        trial = self.trials[key]
        status = trial.folder.read_status()
        if status is None or not status.state.is_final:
            write_end(trial, TrialState.FAILED, reason)
            self._close(key, TrialState.FAILED)
            return
        note_end_failure(trial, status, reason)
        if trial.state.is_final:
            self._leave(key)
            return
        for evaluation in trial.folder.read_evaluations():
            self._take_in(trial, evaluation)
        trial.collapsed = status.collapsed
        self._close(key, status.state)

    def abort(self, reason: str) -> None:
        """Hand out nothing more; what runs stays unfinished, to be resumed."""
        self.abort_reason = self.abort_reason or reason

    def pause_nimg(self, key: tuple[str, str]) -> int | None:
        """Images at which a trial is to wait for the rest of its population; None if it goes on to its end."""
        config = self.trials[key].config
        if config.phase != "search" or key[0] not in self._populations:
            return None
        return self._populations[key[0]].pause_nimg(config)

    def arm_trials(self, arm: str, phase: str) -> list[TrialRecord]:
        """An arm's trials of one phase, by repeat and index."""
        return self.agenda.arm_trials(arm, phase)

    def best(self, arm: str) -> list[TrialRecord]:
        """An arm's completed search and refine trials with a score, best first (a Pareto front before the rest)."""
        return self.agenda.best(arm)

    def _recall(self, arm: str) -> None:
        """Take up what the run folder holds of an arm."""
        population = self._populations.get(arm)
        if population is not None:
            population.finish_copies()
        recalled = recall_trials(self._folder, arm, self.agenda.why_given_up)
        self.trials.update({(arm, trial.config.name): trial for trial in recalled})
        self._num_heard = max([self._num_heard, *(n + 1 for t in self.trials.values() for n in t.heard.values())])
        given_up: list[TrialRecord] = []
        for repeat in range(self.study.search.repeats):
            searched = [t for t in self.arm_trials(arm, "search") if t.config.repeat == repeat]
            given_up += replay(self._searches[arm, repeat], searched, self._tell, population is not None)
        refined = self.arm_trials(arm, "refine")
        if refined:  # The refinement learns from the search, so it begins when that has been told.
            given_up += replay(self._refinement(arm), refined, self._tell)
        for trial in given_up:
            self._give_up((arm, trial.config.name))
        for (owner, name), trial in self.trials.items():
            if owner != arm:
                continue
            if not trial.state.is_final:
                self._note_heard(trial)
                renew_workers(trial, self.study)
                if not self._is_waiting(trial):
                    self._unfinished.append((arm, name))
            elif lacks_end_work(trial):
                self._unended.append((arm, name))
        self._compare(arm)

    def _take_in(self, trial: TrialRecord, evaluation: EvaluationRecord | None) -> bool:
        """Keep an evaluation unless it is known; whether the trial's search would stop the trial there."""
        if evaluation is None or (trial.evaluations and evaluation.cur_nimg <= trial.cur_nimg):
            return False
        trial.evaluations.append(evaluation)
        if trial.config.phase == "confirm":
            return False
        return self._search_of(trial.config).report(trial.config.index, trial.standing())

    def _note_heard(self, trial: TrialRecord) -> None:
        """Write down that all of a trial's evaluations have been answered, and in which order, if rungs judge them."""
        unheard = [e.cur_nimg for e in trial.evaluations if e.cur_nimg not in trial.heard]
        if not unheard or not self._is_judged or trial.config.phase == "confirm":
            return
        for cur_nimg in unheard:
            trial.heard[cur_nimg] = self._num_heard
            self._num_heard += 1
        trial.folder.write_heard(HeardRecord(order=trial.heard))

    def _open(self, arm: str) -> tuple[str, str]:
        config = self._next_config(arm)
        folder = self._folder.trial(arm, config.name)
        folder.write_config(config)
        self.trials[arm, config.name] = TrialRecord(config, folder)
        return arm, config.name

    def _next_config(self, arm: str) -> TrialConfig:
        if (following := self.agenda.next_search(arm)) is not None:
            index, repeat = following
            searched = self._searches[arm, repeat].ask(index)
            return search_trial_config(Arm(self.study, arm), index, searched, self._num_train_images, repeat)
        if (refined := self.agenda.next_refined(arm)) is not None:
            searched = self._refinement(arm).ask(refined)
            return refine_trial_config(Arm(self.study, arm), refined, searched, self._num_train_images)
        confirmation = self.agenda.next_confirmation(arm)
        assert confirmation is not None, "the arm was chosen because it has one"
        return confirmation

    def _search_of(self, config: TrialConfig) -> ArmSearch:
        return self._refinement(config.arm) if config.phase == "refine" else self._searches[config.arm, config.repeat]

    def _refinement(self, arm: str) -> ArmSearch:
        """The search in narrowed ranges, begun when it is first asked for."""
        if arm not in self._refinements:
            best = [t.config for t in self.best(arm) if t.config.phase == "search"]
            searches = [search for (its_arm, _), search in self._searches.items() if its_arm == arm]
            self._refinements[arm] = begin_refinement(
                self.study, arm, self._folder, self._storage, self._objective, searches, best
            )
        return self._refinements[arm]

    def _is_waiting(self, trial: TrialRecord) -> bool:
        population = self._populations.get(trial.config.arm)
        return population is not None and trial.config.phase == "search" and population.is_waiting(trial)

    def _pause(self, key: tuple[str, str]) -> None:
        """Let a trial wait, with its checkpoint, until all of its population have come as far."""
        folder = self.trials[key].folder
        status = folder.read_status() or TrialStatus(state=TrialState.RUNNING)
        folder.write_status(status.model_copy(update={"is_paused": True, "pid": None}))
        self._live.discard(key)
        self._compare(key[0])
        self._on_change()

    def _compare(self, arm: str) -> None:
        """Once all that still run of a population wait, make the worst copies of the best and send all out again."""
        trials = self.arm_trials(arm, "search")
        waiting = [t for t in trials if not t.state.is_final]
        is_whole = len(trials) >= self.study.budget.trials_per_arm
        if not (waiting and is_whole and all(self._is_waiting(t) for t in waiting)):
            return
        for copy in self._populations[arm].compare(waiting):
            trial, search = self.trials[arm, copy.child], self._searches[arm, 0]
            search.tell(trial.config.index, TrialState.STOPPED, None)
            config = trial.folder.read_config()
            assert config is not None, "it has just been written"
            trial.config, trial.evaluations = config, trial.folder.read_evaluations()
            search.ask_for(config.index, config.searched)
            for evaluation in trial.evaluations:
                search.report(config.index, evaluation)
        self._unfinished += [(arm, t.config.name) for t in waiting]

    def _give_up(self, key: tuple[str, str]) -> None:
        trial = self.trials[key]
        write_end(trial, TrialState.STOPPED, f"not among its arm's best at {trial.cur_nimg:,} images")
        self._close(key, TrialState.STOPPED)

    def _close(self, key: tuple[str, str], state: TrialState) -> None:
        trial = self.trials[key]
        trial.state = state
        self._live.discard(key)
        if trial.config.phase != "confirm":
            self._tell(trial)
            self._compare(key[0])
        self._on_change()

    def _leave(self, key: tuple[str, str]) -> None:
        self._live.discard(key)
        self._on_change()

    def _tell(self, trial: TrialRecord) -> None:
        """Tell the sampler what became of a search or refine trial; a collapsed one counts as bad as a diverged one."""
        state = TrialState.DIVERGED if trial.collapsed else trial.state
        end = TrialEnd.of(trial.evaluations, trial.config.workers.num_workers)
        self._search_of(trial.config).tell(trial.config.index, state, trial.score, end)
