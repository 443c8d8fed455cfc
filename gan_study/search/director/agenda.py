"""Which trial a study opens next: the order of arms and phases, from the trials that are known."""

from collections.abc import Mapping
from itertools import product

from gan_study.config.arms.trial_configs import confirm_trial_config
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES, Phase, TrialConfig
from gan_study.runs.decisions import DecisionsRecord
from gan_study.runs.records import TrialState
from gan_study.search.director.trial_record import TrialRecord, to_confirm


class Agenda:
    """A view of the trials of a study: it sees at once what is added to them. Trials go by (arm, name)."""

    def __init__(
        self, study: StudyConfig, trials: Mapping[tuple[str, str], TrialRecord], decisions: DecisionsRecord
    ) -> None:
        self._study = study
        self._trials = trials
        self._decisions = decisions

    def why_given_up(self, arm: str, phase: Phase) -> str | None:
        """Why the unfinished trials of an arm's phase are not gone on with; None if they are."""
        if arm in self._decisions.skipped:
            return "its arm was given up by hand"
        if self._decisions.confirms_now and phase != "confirm":
            return "the search was ended by hand"
        return None

    def arm_trials(self, arm: str, phase: str) -> list[TrialRecord]:
        """An arm's trials of one phase, by repeat and index."""
        trials = [t for (owner, _), t in self._trials.items() if owner == arm and t.config.phase == phase]
        return sorted(trials, key=lambda t: (t.config.repeat if phase == "search" else 0, t.config.index))

    def best(self, arm: str) -> list[TrialRecord]:
        """An arm's completed search and refine trials with a score, best first (a Pareto front before the rest)."""
        searched = self.arm_trials(arm, "search") + self.arm_trials(arm, "refine")
        completed = [t for t in searched if t.state is TrialState.COMPLETED and t.score is not None]

        def rank(trial: TrialRecord) -> tuple[float, int, int, int]:
            return trial.score or 0.0, PHASES.index(trial.config.phase), trial.config.index, trial.config.repeat

        return to_confirm(sorted(completed, key=rank), self._study.search.objectives)

    def next_arm(self) -> str | None:
        """The arm whose turn it is: the one with the fewest trials in the earliest phase that any arm is in."""
        phases = {arm: phase for arm in self._study.arms if (phase := self.next_phase(arm)) is not None}

        def turn(arm: str) -> tuple[int, int]:
            return PHASES.index(phases[arm]), len(self.arm_trials(arm, phases[arm]))

        return min(phases, key=turn, default=None)

    def next_phase(self, arm: str) -> Phase | None:
        """The phase of an arm's next trial; None at the arm's end, and while other trials must end first."""
        if arm in self._decisions.skipped:
            return None
        if self.next_search(arm) is not None:
            return "search"
        if any(not t.state.is_final for t in self.arm_trials(arm, "search")):
            return None
        if self.next_refined(arm) is not None:
            return "refine"
        return "confirm" if self.next_confirmation(arm) is not None else None

    def next_search(self, arm: str) -> tuple[int, int] | None:
        """Index and repeat of an arm's next search trial, the repeats taking turns; None if there is none."""
        if self.why_given_up(arm, "search"):
            return None
        taken = {(trial.config.index, trial.config.repeat) for trial in self.arm_trials(arm, "search")}
        wanted = product(range(self._study.budget.trials_per_arm), range(self._study.search.repeats))
        return next((each for each in wanted if each not in taken), None)

    def next_refined(self, arm: str) -> int | None:
        """Index of an arm's next refine trial; None if there is none."""
        if self.why_given_up(arm, "refine"):
            return None
        taken = {trial.config.index for trial in self.arm_trials(arm, "refine")}
        return next((i for i in range(self._study.refine.trials_per_arm) if i not in taken), None)

    def next_confirmation(self, arm: str) -> TrialConfig | None:
        """The next re-training of an arm's best, once its search and refinement have ended; None if there is none."""
        if any(not t.state.is_final for phase in ("search", "refine") for t in self.arm_trials(arm, phase)):
            return None
        return next(iter(self._confirmations(arm)), None)

    def _confirmations(self, arm: str) -> list[TrialConfig]:
        """The re-trainings of an arm's best so far that are not opened yet."""
        index = max((t.config.index + 1 for t in self.arm_trials(arm, "confirm")), default=0)
        first_seed = self._first_confirm_seed()
        configs = (
            confirm_trial_config(self._study, source.config, index, seed_number, first_seed)
            for source in self.best(arm)[: self._study.confirm.top_k]
            for seed_number in range(self._study.confirm.seeds)
        )
        return [config for config in configs if (arm, config.name) not in self._trials]

    def _first_confirm_seed(self) -> int | None:
        """The first seed of the confirmations that the run folder holds, which an older version counted otherwise."""
        for trial in self._trials.values():
            if trial.config.phase == "confirm":
                return trial.config.training.seed - int(trial.config.name.rpartition("_")[2])
        return None

    def num_to_open(self, arm: str, phase: Phase) -> int:
        """Trials of a phase that are still to be opened.

        Confirmations follow from the best of a search that has ended. Until then they are counted as if each of the
        configurations that are now the best stayed so, and every missing one were still found.
        """
        study = self._study
        if self.why_given_up(arm, phase):
            return 0
        if phase == "search":
            return max(0, study.search_trials_per_arm - len(self.arm_trials(arm, "search")))
        if phase == "refine":
            return max(0, study.refine.trials_per_arm - len(self.arm_trials(arm, "refine")))
        known = len(self._confirmations(arm))
        if self.next_phase(arm) == "confirm" or self._has_searched(arm):
            return known
        wanted = min(study.confirm.top_k, study.search_trials_per_arm + study.refine.trials_per_arm)
        return known + max(0, wanted - len(self.best(arm))) * study.confirm.seeds

    def _has_searched(self, arm: str) -> bool:
        """Whether every search and refine trial of an arm has been opened and has ended."""
        opened = self.arm_trials(arm, "search") + self.arm_trials(arm, "refine")
        has_all = self.next_search(arm) is None and self.next_refined(arm) is None
        return has_all and all(trial.state.is_final for trial in opened)
