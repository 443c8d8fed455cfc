"""What is trained next, when a trial is given up, and what is written down: the study's rules, without Ray.

The run folder is the one truth. A director made on the folder of an interrupted study tells the samplers
what has been found, sends out the unfinished trials first, and then goes on as if nothing had happened.
"""

from collections.abc import Callable
from itertools import product

from optuna.storages import BaseStorage

from gan_study.config.arms import confirm_trial_config, refine_trial_config, search_trial_config
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES, Phase, TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import EvaluationRecord, ObjectiveRecord, TrialState, TrialStatus
from gan_study.search.arm_search import ArmSearch
from gan_study.search.objective_values import TrialEnd
from gan_study.search.population import Population
from gan_study.search.refinement import begin_refinement
from gan_study.search.trial_record import TrialRecord, to_confirm, write_end


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
        for arm in study.arms:
            self._recall(arm)

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Ray pickles what it is given for a restoration of its own, which is never used."""
        return {}

    @property
    def finished(self) -> bool:
        """Whether no further trial will be handed out."""
        return self.abort_reason is not None or (not self._live and not self._unfinished and self._peek() is None)

    @property
    def num_live(self) -> int:
        """Trials that have been handed out and neither ended nor wait."""
        return len(self._live)

    def next_trial(self) -> TrialConfig | None:
        """The next trial to start; None if it cannot be said before another has ended, or at the end."""
        if self.abort_reason is not None or len(self._live) >= self._max_concurrent_trials:
            return None
        if self._unfinished:
            key = self._unfinished.pop(0)
        else:
            arm = self._peek()
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
        if trial.state.is_final or key not in self._live:
            return False
        stop = False
        if evaluation is not None and (not trial.evaluations or evaluation.cur_nimg > trial.cur_nimg):
            trial.evaluations.append(evaluation)
            if trial.config.phase != "confirm":
                stop = self._search_of(trial.config).report(trial.config.index, trial.standing())
        if state.is_final:
            trial.collapsed = state is TrialState.STOPPED  # a trial stops itself for this reason alone
            self._close(key, state)
            return False
        if self._is_waiting(trial):
            self._pause(key)
            return True
        if stop:
            self._give_up(key)
        self._on_change()
        return stop

    def hear_of_failure(self, key: tuple[str, str], reason: str) -> None:
        """A trial's process has died or raised for good."""
        trial = self.trials[key]
        if self.abort_reason is None and not trial.state.is_final and key in self._live:
            write_end(trial, TrialState.FAILED, reason)
            self._close(key, TrialState.FAILED)

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
        trials = [t for (owner, _), t in self.trials.items() if owner == arm and t.config.phase == phase]
        return sorted(trials, key=lambda t: (t.config.repeat if phase == "search" else 0, t.config.index))

    def best(self, arm: str) -> list[TrialRecord]:
        """An arm's completed search and refine trials with a score, best first (a Pareto front before the rest)."""
        searched = self.arm_trials(arm, "search") + self.arm_trials(arm, "refine")
        completed = [t for t in searched if t.state is TrialState.COMPLETED and t.score is not None]

        def rank(trial: TrialRecord) -> tuple[float, int, int, int]:
            return trial.score or 0.0, PHASES.index(trial.config.phase), trial.config.index, trial.config.repeat

        return to_confirm(sorted(completed, key=rank), self.study.search.objectives)

    def num_confirmations(self, arm: str) -> int:
        """Re-trainings of an arm's best, as far as its search has found any."""
        return min(self.study.confirm.top_k, len(self.best(arm))) * self.study.confirm.seeds

    def _recall(self, arm: str) -> None:
        """Take up what the run folder holds of an arm."""
        if arm in self._populations:
            self._populations[arm].finish_copies()
        for name in self._folder.trials(arm):
            folder = self._folder.trial(arm, name)
            config = folder.read_config()
            if config is None:
                continue  # The study was killed before this trial was written down; it will be drawn again.
            status = folder.read_status()
            status = status or TrialStatus(state=TrialState.RUNNING)
            trial = TrialRecord(config, folder, status.state, status.collapsed)
            nimgs = folder.checkpoint_nimgs()
            # What an unfinished trial measured after its checkpoint comes again.
            known = [
                e for e in folder.read_evaluations() if trial.state.is_final or (nimgs and e.cur_nimg <= nimgs[-1])
            ]
            trial.evaluations = known
            self.trials[arm, name] = trial
        for trial in self.arm_trials(arm, "search") + self.arm_trials(arm, "refine"):
            search = self._search_of(trial.config)
            for copy in trial.folder.read_copies() if arm in self._populations else ():
                search.record_given_up(trial.config.index, copy.replaced, copy.given_up)
            search.ask_for(trial.config.index, trial.config.searched)
            stop = False
            for number in range(1, len(trial.evaluations) + 1):
                stop = search.report(trial.config.index, trial.standing(number))
            if trial.state.is_final:
                self._tell(trial)
            elif stop:  # The study was interrupted before it could act on the trial's last evaluation.
                self._give_up((arm, trial.config.name))
        unfinished = [key for key, t in self.trials.items() if key[0] == arm and not t.state.is_final]
        self._unfinished += [key for key in unfinished if not self._is_waiting(self.trials[key])]
        self._compare(arm)

    def _peek(self) -> str | None:
        """The arm whose turn it is: the one with the fewest trials in the earliest phase that any is in."""
        phases = {arm: phase for arm in self.study.arms if (phase := self._next_phase(arm)) is not None}

        def turn(arm: str) -> tuple[int, int]:
            return PHASES.index(phases[arm]), len(self.arm_trials(arm, phases[arm]))

        return min(phases, key=turn, default=None)

    def _next_phase(self, arm: str) -> Phase | None:
        """What an arm's next trial is for; None at its end, and while others must end first."""
        if self._next_search(arm) is not None:
            return "search"
        if any(not t.state.is_final for t in self.arm_trials(arm, "search")):
            return None
        if self._next_refined(arm) is not None:
            return "refine"
        return "confirm" if self._next_confirmation(arm) is not None else None

    def _next_search(self, arm: str) -> tuple[int, int] | None:
        """Index and repeat of an arm's next search trial, the repeats taking turns; None if there is none."""
        taken = {(trial.config.index, trial.config.repeat) for trial in self.arm_trials(arm, "search")}
        wanted = product(range(self.study.budget.trials_per_arm), range(self.study.search.repeats))
        return next((each for each in wanted if each not in taken), None)

    def _next_refined(self, arm: str) -> int | None:
        """Index of an arm's next refine trial; None if there is none."""
        taken = {trial.config.index for trial in self.arm_trials(arm, "refine")}
        return next((i for i in range(self.study.refine.trials_per_arm) if i not in taken), None)

    def _open(self, arm: str) -> tuple[str, str]:
        config = self._next_config(arm)
        folder = self._folder.trial(arm, config.name)
        folder.write_config(config)
        self.trials[arm, config.name] = TrialRecord(config, folder)
        return arm, config.name

    def _next_config(self, arm: str) -> TrialConfig:
        if (following := self._next_search(arm)) is not None:
            index, repeat = following
            searched = self._searches[arm, repeat].ask(index)
            return search_trial_config(self.study, arm, index, searched, self._num_train_images, repeat)
        if (refined := self._next_refined(arm)) is not None:
            searched = self._refinement(arm).ask(refined)
            return refine_trial_config(self.study, arm, refined, searched, self._num_train_images)
        confirmation = self._next_confirmation(arm)
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

    def _next_confirmation(self, arm: str) -> TrialConfig | None:
        """The next re-training of an arm's best, once its search and refinement have ended; None if there is none."""
        if any(not t.state.is_final for phase in ("search", "refine") for t in self.arm_trials(arm, phase)):
            return None
        index = max((t.config.index + 1 for t in self.arm_trials(arm, "confirm")), default=0)
        for source in self.best(arm)[: self.study.confirm.top_k]:
            for seed_number in range(self.study.confirm.seeds):
                config = confirm_trial_config(self.study, source.config, index, seed_number)
                if (arm, config.name) not in self.trials:
                    return config
        return None

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

    def _tell(self, trial: TrialRecord) -> None:
        """Tell the sampler what became of a search or refine trial; a collapsed one counts as bad as a diverged one."""
        state = TrialState.DIVERGED if trial.collapsed else trial.state
        end = TrialEnd.of(trial.evaluations, trial.config.workers.num_workers)
        self._search_of(trial.config).tell(trial.config.index, state, trial.score, end)
