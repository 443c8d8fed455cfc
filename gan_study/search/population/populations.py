"""The populations of all arms of a study, and their effect on the director's trials and searches."""

from gan_study.config.arms.arm import arms_of
from gan_study.config.study import StudyConfig
from gan_study.config.training import TrialConfig
from gan_study.runs.folder import RunFolder
from gan_study.runs.records.status import TrialState
from gan_study.search.director.agenda import Agenda
from gan_study.search.director.searches import Searches
from gan_study.search.director.trial_record import TrialRecord
from gan_study.search.population.population import Population


class Populations:
    """One population for each arm if the study's scheduler is pbt, else none."""

    def __init__(self, study: StudyConfig, folder: RunFolder, agenda: Agenda, searches: Searches) -> None:
        self._num_members = study.budget.trials_per_arm
        self._agenda = agenda
        self._searches = searches
        is_pbt = study.search.scheduler == "pbt"
        self._populations = {arm.name: Population(arm, folder) for arm in arms_of(study)} if is_pbt else {}

    def finish_copies(self, arm: str) -> None:
        """Make the copies that an interrupted study has chosen and not made, before its trials are read."""
        if arm in self._populations:
            self._populations[arm].finish_copies()

    def pause_nimg(self, config: TrialConfig) -> int | None:
        """Return the images at which a trial waits for the rest of its population; None if it goes on to its end."""
        if config.phase != "search" or config.arm not in self._populations:
            return None
        return self._populations[config.arm].pause_nimg(config)

    def is_waiting(self, trial: TrialRecord) -> bool:
        """Return True if a trial has reached its population's next comparison and has not ended there."""
        nimg = self.pause_nimg(trial.config)
        return not trial.state.is_final and nimg is not None and trial.cur_nimg >= nimg

    def compare_arm(self, arm: str) -> list[TrialRecord]:
        """Compare an arm's trials if all of them have ended or wait; return those that waited, which now go on.

        The worst have then become copies of the best, in the run folder, in their records and in the arm's search.
        """
        if arm not in self._populations:
            return []
        trials = self._agenda.arm_trials(arm, "search")
        waiting = [t for t in trials if not t.state.is_final]
        if len(trials) < self._num_members or not all(map(self.is_waiting, waiting)) or not waiting:
            return []
        by_name = {trial.config.name: trial for trial in waiting}
        for copy in self._populations[arm].compare(waiting):
            self._replace_trial(by_name[copy.child])
        return waiting

    def _replace_trial(self, trial: TrialRecord) -> None:
        search = self._searches.search_of(trial.config)
        search.close_trial(trial.config.index, TrialState.STOPPED, None)
        config = trial.folder.read_config()
        assert config is not None, "it has just been written"
        trial.config, trial.evaluations = config, trial.folder.read_evaluations()
        search.open_trial(config.index, config.searched)
        for evaluation in trial.evaluations:
            search.report_evaluation(config.index, evaluation)
