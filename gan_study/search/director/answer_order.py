"""The order in which a study answers its trials' evaluations, from which a resumed study rebuilds its rungs."""

from collections.abc import Iterable

from gan_study.config.study import StudyConfig
from gan_study.runs.records.status import HeardRecord
from gan_study.search.director.trial_record import TrialRecord
from gan_study.search.sampling.pruners import PRUNING


class AnswerOrder:
    """Numbers the answered evaluations and writes the numbers to each trial's heard.json.

    Only a study with rungs in a free order needs them: a rung then compares a trial with those that reached it before.
    Other studies write nothing.
    """

    def __init__(self, study: StudyConfig) -> None:
        search = study.search
        self._is_needed = search.order == "free" and search.scheduler in PRUNING and len(search.objectives) == 1
        self._next_number = 0

    def continue_after(self, trials: Iterable[TrialRecord]) -> None:
        """Give the next evaluation a number above those of all `trials`."""
        numbers = [number + 1 for trial in trials for number in trial.answered.values()]
        self._next_number = max([self._next_number, *numbers])

    def add_trial(self, trial: TrialRecord) -> None:
        """Record that all evaluations of a trial so far have been answered."""
        new = [e.cur_nimg for e in trial.evaluations if e.cur_nimg not in trial.answered]
        if not new or not self._is_needed or trial.config.phase == "confirm":
            return
        for cur_nimg in new:
            trial.answered[cur_nimg] = self._next_number
            self._next_number += 1
        trial.folder.write_heard(HeardRecord(order=trial.answered))
