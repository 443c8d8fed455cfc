"""The order in which a study opens its trials: arm by arm and phase by phase, from the trials known so far."""

from collections.abc import Iterator, Set

from gan_study.config.arms.trial_configs import confirm_trial_config, confirm_trial_name, seed_number
from gan_study.config.search.order import search_lag
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES, Phase, TrialConfig
from gan_study.runs.records.decisions import DecisionsRecord
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.search.director.confirmation_looks import ConfirmationLooks
from gan_study.search.director.study_trials import StudyTrials
from gan_study.search.director.trial_record import TrialRecord, confirmation_order


class Agenda:
    """A live view of a study's trials: it reflects every later change to them."""

    def __init__(
        self, study: StudyConfig, trials: StudyTrials, decisions: DecisionsRecord, objective: ObjectiveRecord
    ) -> None:
        self._study = study
        self._trials = trials
        self._decisions = decisions
        self._looks = ConfirmationLooks(study, trials, objective)
        self._best: dict[str, list[TrialRecord]] = {}

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
        return [*self._trials.of_phase(arm, phase)]

    def best(self, arm: str) -> list[TrialRecord]:
        """Return an arm's completed search and refine trials with a score: Pareto front first, then by score."""
        completed = self._trials.completed(arm)
        if arm not in self._best or len(self._best[arm]) < len(completed):
            self._best[arm] = confirmation_order(completed, self._study.search.objectives)
        return self._best[arm]

    def next_arm(self) -> str | None:
        """Return the arm with the fewest trials in the earliest phase of all; None if no arm has a next trial."""
        phases = {arm: phase for arm in self._study.arms if (phase := self.next_phase(arm)) is not None}

        def turn(arm: str) -> tuple[int, int]:
            return PHASES.index(phases[arm]), len(self._trials.of_phase(arm, phases[arm]))

        return min(phases, key=turn, default=None)

    def next_phase(self, arm: str) -> Phase | None:
        """Return the phase of an arm's next trial; None at the arm's end, and while other trials must end first."""
        if arm in self._decisions.skipped:
            return None
        if self.next_search(arm) is not None:
            return "search"
        if self._trials.is_unfinished(arm, "search"):
            return None
        if self.next_refined(arm) is not None:
            return "refine"
        return "confirm" if self.next_confirmation(arm) is not None else None

    def next_search(self, arm: str) -> tuple[int, int] | None:
        """Return index and repeat of an arm's next search trial; the repeats take turns.

        None if there is none, and while trials must end first whose results the next one of each repeat must know.
        """
        return self._next_place(arm, "search", self._study.budget.trials_per_arm, self._study.search.repeats)

    def next_refined(self, arm: str) -> int | None:
        """Return the index of an arm's next refine trial; None as in `next_search`."""
        place = self._next_place(arm, "refine", self._study.refine.trials_per_arm, 1)
        return place[0] if place is not None else None

    def _next_place(self, arm: str, phase: Phase, num_indices: int, num_repeats: int) -> tuple[int, int] | None:
        """Return the first index without a trial, and its repeat, among those that may begin now."""
        if self.why_cut_short(arm, phase):
            return None
        lag, places = search_lag(self._study, phase), []
        for repeat in range(num_repeats):
            index = self._trials.num_opened(arm, phase, repeat)
            knows_enough = lag is None or index - lag < self._trials.num_ended(arm, phase, repeat)
            if index < num_indices and knows_enough:
                places.append((index, repeat))
        return min(places, default=None)

    def next_confirmation(self, arm: str) -> TrialConfig | None:
        """Return the next confirmation, once the arm's search and refinement have ended; None if there is none."""
        if self._trials.is_unfinished(arm, "search") or self._trials.is_unfinished(arm, "refine"):
            return None
        source, seed_number = next(self._unconfirmed(arm), (None, 0))
        if source is None:
            return None
        index = max((t.config.index + 1 for t in self._trials.of_phase(arm, "confirm")), default=0)
        return confirm_trial_config(self._study, source.config, index, seed_number, self._first_confirm_seed())

    def _unconfirmed(self, arm: str) -> Iterator[tuple[TrialRecord, int]]:
        """Yield each of an arm's best trials so far with the number of each seed whose confirmation is not opened."""
        for source in self.best(arm)[: self._study.confirm.top_k]:
            for number in range(self._num_seeds()):
                if (arm, confirm_trial_name(source.config.name, number)) not in self._trials:
                    yield source, number

    def _num_seeds(self) -> int:
        """Return the fresh seeds of each configuration up to the next look, or to the last one."""
        arms = [arm for arm in self._study.arms if arm not in self.skipped_arms]
        return self._looks.wanted_seeds(arms) if all(map(self._has_searched, arms)) else self._study.confirm.looks[0]

    def _first_confirm_seed(self) -> int | None:
        """Return the first seed of the known confirmations, which an older version may have chosen otherwise."""
        for arm in self._study.arms:
            for trial in self._trials.of_phase(arm, "confirm"):
                return trial.config.training.seed - seed_number(trial.config.name)
        return None

    def num_to_open(self, arm: str, phase: Phase) -> int:
        """Return how many trials of a phase are still to be opened.

        Confirmations depend on the best trials of a search that has ended. Until then the count assumes that the best
        so far stay the best, and that as many are found as will be confirmed. Seeds after the next look are not
        counted.
        """
        study = self._study
        if self.why_cut_short(arm, phase):
            return 0
        if phase == "search":
            return max(0, study.search_trials_per_arm - len(self._trials.of_phase(arm, "search")))
        if phase == "refine":
            return max(0, study.refine.trials_per_arm - len(self._trials.of_phase(arm, "refine")))
        seeds = self._num_seeds()
        known = min(study.confirm.top_k, len(self._trials.completed(arm))) * seeds
        if self._trials.of_phase(arm, "confirm"):
            known = sum(1 for _ in self._unconfirmed(arm))
        if self.next_phase(arm) == "confirm" or self._has_searched(arm):
            return known
        wanted = min(study.confirm.top_k, study.search_trials_per_arm + study.refine.trials_per_arm)
        return known + max(0, wanted - len(self._trials.completed(arm))) * seeds

    def _has_searched(self, arm: str) -> bool:
        """Return True if every search and refine trial of an arm has been opened and has ended."""
        has_opened_all = self.next_search(arm) is None and self.next_refined(arm) is None
        return has_opened_all and not any(self._trials.is_unfinished(arm, phase) for phase in ("search", "refine"))
