"""An estimate of the time that a study still needs, from the images left, their pace and the parallel trials."""

from typing import NamedTuple

from gan_study.config.estimates.expected_length import chances_at_rungs, expected_nimg
from gan_study.config.study import StudyConfig
from gan_study.config.training import PHASES, Phase
from gan_study.search.director.director import Director
from gan_study.search.director.trial_record import TrialRecord


class _Facts(NamedTuple):
    """The facts of one trial on which the estimate depends, or their sums over all trials."""

    full_nimg: float = 0.0
    """Images of the whole training."""
    nimg: float = 0.0
    """Images trained so far."""
    seconds: float = 0.0
    """Seconds of training and evaluation for them."""
    nimg_ahead: float = 0.0
    """Expected number of further images; 0 for a trial that has ended."""
    num_unfinished: float = 0
    num_at_work: float = 0
    """Unfinished trials with an evaluation; one without may wait for a machine."""


class RemainingTime:
    """Estimates the time left from the seconds that the trials have recorded.

    Each change of a trial changes sums over all trials, so that the work does not grow with their number.
    """

    def __init__(self, director: Director) -> None:
        self._director = director
        self._most_at_once = 1.0
        self._sums = _Facts()
        self._counted: dict[tuple[str, str], _Facts] = {}
        for trial in director.trials.values():
            self._count_trial(trial)
        director.trials.observers.append(self._count_trial)

    def _count_trial(self, trial: TrialRecord) -> None:
        key = trial.config.arm, trial.config.name
        before, now = self._counted.get(key, _Facts()), _facts(self._director.study, trial)
        self._counted[key] = now
        self._sums = _Facts(*(s + n - b for s, n, b in zip(self._sums, now, before, strict=True)))

    def text(self) -> str:
        """Return the estimate as text, such as `about 140 s left`; unknown until a trial has trained."""
        left = self.seconds()
        if left is None:
            return "time left not known yet"
        return f"about {left:.0f} s left" if left < 600 else f"about {left / 60:.0f} min left"

    def seconds(self) -> float | None:
        """Return the estimate in seconds; None until a trial has trained."""
        director, sums = self._director, self._sums
        # In a population most trials wait for the others.
        at_once: float = director.num_live if director.study.search.scheduler == "pbt" else sums.num_at_work
        self._most_at_once = max(self._most_at_once, at_once)
        if not sums.nimg:
            return None
        # Trials that are still to be opened are taken to be as long as the known ones.
        full = sums.full_nimg / len(director.trials)
        num_sampled = num_to_open(director, "search") + num_to_open(director, "refine")
        num_confirmed = num_to_open(director, "confirm")
        sampled = num_sampled * expected_nimg(full, 0, chances_at_rungs(director.study, full))
        ahead = sums.nimg_ahead + sampled + num_confirmed * full
        num_ahead = sums.num_unfinished + num_sampled + num_confirmed
        # Rounding may leave the sum of many trials slightly below 0.
        return max(0.0, sums.seconds / sums.nimg * ahead / min(self._most_at_once, max(1, num_ahead)))


def num_to_open(director: Director, phase: Phase) -> int:
    """Return how many trials of a phase are still to be opened, over all arms."""
    return sum(director.agenda.num_to_open(arm, phase) for arm in director.study.arms)


def num_planned(director: Director) -> int:
    """Return the number of trials of the whole study, if every arm has a configuration to confirm."""
    return len(director.trials) + sum(num_to_open(director, phase) for phase in PHASES)


def _facts(study: StudyConfig, trial: TrialRecord) -> _Facts:
    full, nimg = _full_nimg(trial), trial.cur_nimg
    seconds = trial.evaluations[-1].seconds if nimg else 0.0
    if trial.state.is_final:
        return _Facts(full, nimg, seconds)
    rungs = chances_at_rungs(study, full) if trial.config.phase != "confirm" else []
    return _Facts(full, nimg, seconds, expected_nimg(full, nimg, rungs), 1, len(trial.evaluations) > 0)


def _full_nimg(trial: TrialRecord) -> float:
    """Return the images of a trial's whole training; a budget in seconds is extrapolated from its pace so far."""
    training = trial.config.training
    if training.device_sec is None or trial.cur_nimg == 0:
        return 1000 * training.total_kimg
    used = trial.evaluations[-1].device_sec_on(trial.config.workers.num_workers)
    return trial.cur_nimg * training.device_sec / used
