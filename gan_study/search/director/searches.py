"""The searches of all arms: they draw the configurations of new trials and learn from the evaluations of all trials."""

from gan_study.config.arms.arm import Arm, arms_of
from gan_study.config.arms.trial_configs import refine_trial_config, search_trial_config
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialState
from gan_study.search.director.agenda import Agenda
from gan_study.search.director.recall import replay
from gan_study.search.director.trial_record import TrialRecord
from gan_study.search.sampling.arm_search import ArmSearch
from gan_study.search.sampling.objective_values import TrialEnd
from gan_study.search.sampling.refinement import begin_refinement
from gan_study.search.sampling.search_storage import SearchStorage


class Searches:
    """One search for each repeat of an arm, and one in narrowed ranges for its refinement."""

    def __init__(
        self, study: StudyConfig, folder: RunFolder, objective: ObjectiveRecord, storage: SearchStorage, agenda: Agenda
    ) -> None:
        self._study = study
        self._folder = folder
        self._objective = objective
        self._storage = storage
        self._agenda = agenda
        self._searches = {
            (arm.name, repeat): ArmSearch(
                arm, storage, objective.failure_score, objective.num_train_images, repeat=repeat
            )
            for arm in arms_of(study)
            for repeat in range(study.search.repeats)
        }
        self._refinements: dict[str, ArmSearch] = {}

    def next_config(self, arm: str) -> TrialConfig:
        """Draw the configuration of the next trial of an arm for which the agenda has one."""
        num_train_images = self._objective.num_train_images
        if (following := self._agenda.next_search(arm)) is not None:
            index, repeat = following
            searched = self._searches[arm, repeat].draw_configuration(index)
            return search_trial_config(Arm(self._study, arm), index, searched, num_train_images, repeat)
        if (refined := self._agenda.next_refined(arm)) is not None:
            searched = self._refinement(arm).draw_configuration(refined)
            return refine_trial_config(Arm(self._study, arm), refined, searched, num_train_images)
        confirmation = self._agenda.next_confirmation(arm)
        assert confirmation is not None, "the arm was chosen because it has one"
        return confirmation

    def search_of(self, config: TrialConfig) -> ArmSearch:
        """Return the search that a search or refine trial belongs to."""
        return self._refinement(config.arm) if config.phase == "refine" else self._searches[config.arm, config.repeat]

    def report_evaluation(self, trial: TrialRecord) -> bool:
        """Report a trial's last evaluation to its search, if it has one; return True if the search stops the trial."""
        if trial.config.phase == "confirm":
            return False
        return self.search_of(trial.config).report_evaluation(trial.config.index, trial.compared_evaluation())

    def close_trial(self, trial: TrialRecord) -> None:
        """Report the end of a search or refine trial. A collapsed trial counts as a diverged one."""
        state = TrialState.DIVERGED if trial.collapsed else trial.state
        end = TrialEnd.of(trial.evaluations, trial.config.workers.num_workers)
        self.search_of(trial.config).close_trial(trial.config.index, state, trial.score, end)

    def replay_arm(self, arm: str) -> list[TrialRecord]:
        """Report all known trials of an arm to its new searches; return those to be stopped, as `replay` does."""
        has_copies = self._study.search.scheduler == "pbt"
        stopped: list[TrialRecord] = []
        for repeat in range(self._study.search.repeats):
            trials = [t for t in self._agenda.arm_trials(arm, "search") if t.config.repeat == repeat]
            stopped += replay(self._searches[arm, repeat], trials, self.close_trial, has_copies)
        # The refinement learns from the search, so it begins when the search has been replayed.
        if refined := self._agenda.arm_trials(arm, "refine"):
            stopped += replay(self._refinement(arm), refined, self.close_trial)
        return stopped

    def _refinement(self, arm: str) -> ArmSearch:
        if arm not in self._refinements:
            best = [t.config for t in self._agenda.best(arm) if t.config.phase == "search"]
            searches = [search for (its_arm, _), search in self._searches.items() if its_arm == arm]
            self._refinements[arm] = begin_refinement(
                Arm(self._study, arm), self._folder, self._storage, self._objective, searches, best
            )
        return self._refinements[arm]
