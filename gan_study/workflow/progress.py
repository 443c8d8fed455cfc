"""News of a study at work, as small values that a terminal prints and a notebook's callback receives."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.director.remaining_time import RemainingTime, num_planned
from gan_study.search.director.trial_record import TrialRecord

QUIET_SEC = 55
"""Seconds without news after which the running trials are named: with the time between two checks, one a minute."""


@dataclass(frozen=True)
class Progress:
    """One piece of news of a study at work. `str()` gives its message."""

    message: str
    """The news in words."""
    elapsed_sec: float
    """Seconds since the study began or was resumed."""
    num_ended: int = 0
    """Trials that have ended, in earlier runs too; 0 during the preparation."""
    num_planned: int | None = None
    """Trials that the study will have, by the present plan; None during the preparation."""
    seconds_left: float | None = None
    """Estimate of the seconds to the last trial's end; None until a trial has trained."""
    trial: str | None = None
    """The trial that the news is about, such as `wgan/search_003`, if it has ended or failed."""
    score: float | None = None
    """The score of that trial; lower is better. None if it has none."""

    def __str__(self) -> str:
        return self.message


class Watcher(Protocol):
    """Sees a study at work. An exception from a method ends the study, which can be resumed."""

    def show_stage(self, text: str) -> None:
        """Receive the present step of the preparation, or another line of text."""

    def show_progress(self, text: str) -> None:
        """Receive how far the present step is; calls may come at any rate."""

    def start(self, director: Director) -> None:
        """Receive the director before the first trial."""

    def update(self) -> None:
        """Look at the director's trials, which have changed."""


class Failures:
    """The failures of a director's trials that have not been shown yet."""

    def __init__(self, director: Director) -> None:
        self._failed = director.failed
        self._num_shown = len(director.failed)

    def new(self) -> list[tuple[str, str]]:
        """Return the name of each trial that has failed since the last call, and a line about it."""
        new = self._failed[self._num_shown :]
        self._num_shown += len(new)
        return [(_name(t), f"{_name(t)} has failed at {t.cur_nimg:,} images: {t.failure}") for t in new]


class ProgressReporter:
    """Reports when a trial has failed, with the reason, or has ended, and after a silence which trials are running."""

    def __init__(self, report: Callable[[Progress], None]) -> None:
        """report: receives the news, in the thread that runs the study."""
        self._report = report
        self._director: Director | None = None
        self._num_done_before = self._num_reported = 0
        self._start = self._last_time = time.monotonic()

    def show_stage(self, text: str) -> None:
        """Report it."""
        self._tell(text)

    def show_progress(self, text: str) -> None:
        """Report it after a long silence."""
        if time.monotonic() - self._last_time >= QUIET_SEC:
            self._tell(text)

    def start(self, director: Director) -> None:
        """Report the number of trials to come; trials that have ended before are not reported."""
        self._director = director
        self._failures = Failures(director)
        self._num_reported = len(director.ended)
        num_done = sum(trial.state.is_final for trial in director.trials.values())
        self._num_done_before = num_done - self._num_reported
        self._clock = RemainingTime(director)
        done = "1 trial is" if num_done == 1 else f"{num_done} trials are"
        self._tell(f"{done} done, about {num_planned(director) - num_done} to go")

    def update(self) -> None:
        """Report the trials that have ended since the last call; after a long silence, the running ones."""
        if self._director is None:
            return
        for name, line in self._failures.new():
            self._tell(line, name)
        for trial in self._director.ended[self._num_reported :]:
            self._num_reported += 1
            num_done = self._num_done_before + self._num_reported
            self._tell(
                f"{_name(trial)}: {trial.state} at {trial.cur_nimg:,} images, {_score_text(trial)} "
                f"({num_done} of {num_planned(self._director)} trials, {self._clock.text()})",
                _name(trial),
                trial.score,
            )
        if time.monotonic() - self._last_time < QUIET_SEC:
            return
        if running := [trial for trial in self._director.trials.values() if not trial.state.is_final]:
            names = ", ".join(f"{_name(trial)} at {trial.cur_nimg:,} images" for trial in running)
            self._tell(f"at work: {names} ({self._clock.text()})")

    def _tell(self, message: str, trial: str | None = None, score: float | None = None) -> None:
        self._last_time = time.monotonic()
        elapsed_sec, director = self._last_time - self._start, self._director
        if director is None:
            self._report(Progress(message, elapsed_sec))
            return
        num_ended = self._num_done_before + self._num_reported
        seconds_left = self._clock.seconds()
        self._report(Progress(message, elapsed_sec, num_ended, num_planned(director), seconds_left, trial, score))


def _name(trial: TrialRecord) -> str:
    return f"{trial.config.arm}/{trial.config.name}"


def _score_text(trial: TrialRecord) -> str:
    if trial.score is not None:
        return f"score {trial.score:.4g}"
    last = trial.evaluations[-1] if trial.evaluations else None
    if last is None or last.score is None or trial.state is not TrialState.STOPPED:
        return "no score"
    return f"score {last.score:.4g} of {last.num_samples} images"
