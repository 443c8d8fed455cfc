"""An estimate of the time that a study still needs, from the images left, their pace and the parallel trials."""

from statistics import fmean

from gan_study.config.estimates.expected_length import chances_at_rungs, expected_nimg
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES, Phase
from gan_study.search.director.director import Director
from gan_study.search.director.trial_record import TrialRecord


class RemainingTime:
    """Estimates the time left from the seconds that the trials have recorded."""

    def __init__(self, director: Director) -> None:
        self._director = director
        self._most_at_once = 1

    def text(self) -> str:
        """Return the estimate as text, such as `about 140 s left`; unknown until a trial has trained."""
        left = self._seconds()
        if left is None:
            return "time left not known yet"
        return f"about {left:.0f} s left" if left < 600 else f"about {left / 60:.0f} min left"

    def _seconds(self) -> float | None:
        study, trials = self._director.study, list(self._director.trials.values())
        running = [trial for trial in trials if not trial.state.is_final]
        # In a population most trials wait for the others.
        # A trial without an evaluation may wait for a machine.
        num_at_work = sum(bool(trial.evaluations) for trial in running)
        at_once = self._director.num_live if study.search.scheduler == "pbt" else num_at_work
        self._most_at_once = max(self._most_at_once, at_once)
        last = [trial.evaluations[-1] for trial in trials if trial.cur_nimg > 0]
        if not last:
            return None
        ahead = [_nimg_ahead(study, trial) for trial in running] + self._unopened()
        seconds_per_image = sum(e.seconds for e in last) / sum(e.cur_nimg for e in last)
        return seconds_per_image * sum(ahead) / min(self._most_at_once, max(1, len(ahead)))

    def _unopened(self) -> list[float]:
        """Return the expected images of each trial that is still to be opened, if it is as long as the known ones."""
        study, trials = self._director.study, self._director.trials.values()
        full = fmean(_full_nimg(trial) for trial in trials)
        searched = expected_nimg(full, 0, chances_at_rungs(study, full))
        num_sampled = num_to_open(self._director, "search") + num_to_open(self._director, "refine")
        return [searched] * num_sampled + [full] * num_to_open(self._director, "confirm")


def num_to_open(director: Director, phase: Phase) -> int:
    """Return how many trials of a phase are still to be opened, over all arms."""
    return sum(director.agenda.num_to_open(arm, phase) for arm in director.study.arms)


def num_planned(director: Director) -> int:
    """Return the number of trials of the whole study, if every arm has a configuration to confirm."""
    return len(director.trials) + sum(num_to_open(director, phase) for phase in PHASES)


def _nimg_ahead(study: StudyConfig, trial: TrialRecord) -> float:
    full = _full_nimg(trial)
    rungs = chances_at_rungs(study, full) if trial.config.phase != "confirm" else []
    return expected_nimg(full, trial.cur_nimg, rungs)


def _full_nimg(trial: TrialRecord) -> float:
    """Return the images of a trial's whole training; a budget in seconds is extrapolated from its pace so far."""
    training = trial.config.training
    if training.device_sec is None or trial.cur_nimg == 0:
        return 1000 * training.total_kimg
    used = trial.evaluations[-1].device_sec_on(trial.config.workers.num_workers)
    return trial.cur_nimg * training.device_sec / used
