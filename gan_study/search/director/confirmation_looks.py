"""The looks at the confirmed seeds of a study in progress, by the same statistics as the report's."""

from collections.abc import Sequence

from gan_study.analysis.looks import wanted_seeds
from gan_study.analysis.run_data import RunData, TrialData
from gan_study.config.study import StudyConfig
from gan_study.runs.records.measurements import ObjectiveRecord
from gan_study.runs.records.status import TrialStatus
from gan_study.search.director.study_trials import StudyTrials


class ConfirmationLooks:
    """A live view of a study's trials that tests the arms once all seeds of a look have ended."""

    def __init__(self, study: StudyConfig, trials: StudyTrials, objective: ObjectiveRecord) -> None:
        self._study = study
        self._trials = trials
        self._objective = objective
        self._num_ended = -1
        self._wanted = study.confirm.looks[0]

    def wanted_seeds(self, arms: Sequence[str]) -> int:
        """Return the seeds of each configuration that the next look needs, or that the last look had.

        arms: the arms that go on, all of whose searches have ended.
        """
        if self._study.confirm.until_decided is None:
            return self._wanted
        num_ended = sum(trial.state.is_final for arm in arms for trial in self._trials.of_phase(arm, "confirm"))
        if num_ended != self._num_ended:
            self._num_ended, self._wanted = num_ended, wanted_seeds(self._run_of(arms))
        return self._wanted

    def _run_of(self, arms: Sequence[str]) -> RunData:
        study = self._study.model_copy(update={"arms": {arm: self._study.arms[arm] for arm in arms}})
        known = (trial for trial in self._trials.values() if trial.config.arm in arms)
        trials = tuple(TrialData(t.config, TrialStatus(state=t.state), tuple(t.evaluations)) for t in known)
        return RunData(study, self._objective, environment=None, status=None, trials=trials)
