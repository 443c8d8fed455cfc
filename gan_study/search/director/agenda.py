"""The order in which a study opens its trials: arm by arm and phase by phase, from the trials known so far."""

from collections.abc import Mapping, Set
from itertools import product

from gan_study.config.arms.trial_configs import confirm_trial_config
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES, Phase, TrialConfig
from gan_study.runs.records.decisions import DecisionsRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.director.trial_record import TrialRecord, confirmation_order


class Agenda:
    """A live view of a study's `trials`, by (arm, name): it reflects every later change to them."""

    def __init__(
        self, study: StudyConfig, trials: Mapping[tuple[str, str], TrialRecord], decisions: DecisionsRecord
    ) -> None:
        self._study = study
        self._trials = trials
        self._decisions = decisions

    @property
    def skipped_arms(self) -> Set[str]:
        """The arms that the user has given up."""
        return self._decisions.skipped.keys()

    def why_cut_short(self, arm: str, phase: Phase) -> str | None:
        """Return why the user has cut an arm's phase short; None if it was not cut short."""
        if arm in self._decisions.skipped:
            return "its arm was given up by hand"
        if self._decisions.confirms_now and phase != "confirm":
            return "the search was ended by hand"
        return None

    def arm_trials(self, arm: str, phase: str) -> list[TrialRecord]:
        """Return an arm's trials of one phase, by repeat and index."""
        trials = [t for (owner, _), t in self._trials.items() if owner == arm and t.config.phase == phase]
        return sorted(trials, key=lambda t: (t.config.repeat if phase == "search" else 0, t.config.index))

    def best(self, arm: str) -> list[TrialRecord]:
        """Return an arm's completed search and refine trials with a score: Pareto front first, then by score."""
        searched = self.arm_trials(arm, "search") + self.arm_trials(arm, "refine")
        completed = [t for t in searched if t.state is TrialState.COMPLETED and t.score is not None]

        def rank(trial: TrialRecord) -> tuple[float, int, int, int]:
            return trial.score or 0.0, PHASES.index(trial.config.phase), trial.config.index, trial.config.repeat

        return confirmation_order(sorted(completed, key=rank), self._study.search.objectives)

    def next_arm(self) -> str | None:
        """Return the arm with the fewest trials in the earliest phase of all; None if no arm has a next trial."""
        phases = {arm: phase for arm in self._study.arms if (phase := self.next_phase(arm)) is not None}

        def turn(arm: str) -> tuple[int, int]:
            return PHASES.index(phases[arm]), len(self.arm_trials(arm, phases[arm]))

        return min(phases, key=turn, default=None)

    def next_phase(self, arm: str) -> Phase | None:
        """Return the phase of an arm's next trial; None at the arm's end, and while other trials must end first."""
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
        """Return index and repeat of an arm's next search trial; the repeats take turns. None if there is none."""
        if self.why_cut_short(arm, "search"):
            return None
        taken = {(trial.config.index, trial.config.repeat) for trial in self.arm_trials(arm, "search")}
        wanted = product(range(self._study.budget.trials_per_arm), range(self._study.search.repeats))
        return next((each for each in wanted if each not in taken), None)

    def next_refined(self, arm: str) -> int | None:
        """Return the index of an arm's next refine trial; None if there is none."""
        if self.why_cut_short(arm, "refine"):
            return None
        taken = {trial.config.index for trial in self.arm_trials(arm, "refine")}
        return next((i for i in range(self._study.refine.trials_per_arm) if i not in taken), None)

    def next_confirmation(self, arm: str) -> TrialConfig | None:
        """Return the next confirmation, once the arm's search and refinement have ended; None if there is none."""
        if any(not t.state.is_final for phase in ("search", "refine") for t in self.arm_trials(arm, phase)):
            return None
        return next(iter(self._confirmations(arm)), None)

    def _confirmations(self, arm: str) -> list[TrialConfig]:
        """Return the confirmations of an arm's best trials so far that are not opened yet."""
        index = max((t.config.index + 1 for t in self.arm_trials(arm, "confirm")), default=0)
        first_seed = self._first_confirm_seed()
        configs = (
            confirm_trial_config(self._study, source.config, index, seed_number, first_seed)
            for source in self.best(arm)[: self._study.confirm.top_k]
            for seed_number in range(self._study.confirm.seeds)
        )
        return [config for config in configs if (arm, config.name) not in self._trials]

    def _first_confirm_seed(self) -> int | None:
        """Return the first seed of the known confirmations, which an older version may have chosen otherwise."""
        for trial in self._trials.values():
            if trial.config.phase == "confirm":
                return trial.config.training.seed - int(trial.config.name.rpartition("_")[2])
        return None

    def num_to_open(self, arm: str, phase: Phase) -> int:
        """Return how many trials of a phase are still to be opened.

        Confirmations depend on the best trials of a search that has ended. Until then the count assumes that the best
        so far stay the best, and that as many are found as will be confirmed.
        """
        study = self._study
        if self.why_cut_short(arm, phase):
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
        """Return True if every search and refine trial of an arm has been opened and has ended."""
        opened = self.arm_trials(arm, "search") + self.arm_trials(arm, "refine")
        has_all = self.next_search(arm) is None and self.next_refined(arm) is None
        return has_all and all(trial.state.is_final for trial in opened)
