"""Show a running study: in a live table on a terminal, in plain lines elsewhere."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gan_study.config.training import PHASES
from gan_study.runs.records.status import TrialState
from gan_study.search.director.director import Director
from gan_study.search.director.remaining_time import RemainingTime, num_planned
from gan_study.search.director.trial_record import TrialRecord


class Display(Protocol):
    """Shows the progress of a study."""

    def show_stage(self, text: str) -> None:
        """Show the present step of the preparation, or another line of text."""

    def show_progress(self, text: str) -> None:
        """Show how far the present step is; calls may come at any rate."""

    def start(self, director: Director) -> None:
        """Begin to show this director's trials."""

    def update(self) -> None:
        """Show the trials' present state."""

    def stop(self) -> None:
        """Restore the terminal."""


@dataclass(frozen=True)
class ArmRow:
    """The trials of an arm in a phase at one moment."""

    arm: str
    phase: str
    num_trials: int
    """Trials planned in this phase."""
    states: Counter[TrialState]
    best: TrialRecord | None


def make_display(console: Console, live: bool) -> Display:
    """Return a live table, or plain lines if `live` is False."""
    return LiveTable(console) if live else PlainLines(console)


QUIET_SEC = 55
"""Seconds without a line after which one names the running trials: with the time between two checks, one a minute."""


class _Failures:
    """The failures of a director's trials that have not been shown yet."""

    def __init__(self, director: Director) -> None:
        self._failed = director.failed
        self._num_shown = len(director.failed)

    def new_lines(self) -> list[str]:
        """Return a line for each failure since the last call."""
        new = self._failed[self._num_shown :]
        self._num_shown += len(new)
        return [f"{_place(trial)} has failed at {trial.cur_nimg:,} images: {trial.failure}" for trial in new]


def _place(trial: TrialRecord) -> str:
    return f"{trial.config.arm}/{trial.config.name}"


class PlainLines:
    """Prints a line when a trial has failed, with the reason, or has ended, and after a silence one with the running
    trials."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._director: Director | None = None
        self._num_done_before = self._num_printed = 0
        self._start = self._last_line = time.monotonic()

    def show_stage(self, text: str) -> None:
        """Print it."""
        self._print(text)

    def show_progress(self, text: str) -> None:
        """Print it after a long silence."""
        if time.monotonic() - self._last_line >= QUIET_SEC:
            self._print(text)

    def start(self, director: Director) -> None:
        """Print the number of trials to come; trials that have ended before are not printed."""
        self._director = director
        self._failures = _Failures(director)
        self._num_printed = len(director.ended)
        num_done = sum(trial.state.is_final for trial in director.trials.values())
        self._num_done_before = num_done - self._num_printed
        self._clock = RemainingTime(director)
        done = "1 trial is" if num_done == 1 else f"{num_done} trials are"
        self._print(f"{done} done, about {num_planned(director) - num_done} to go")

    def update(self) -> None:
        """Print the trials that have ended since the last call; after a long silence, the running ones."""
        if self._director is None:
            return
        for line in self._failures.new_lines():
            self._print(line)
        for trial in self._director.ended[self._num_printed :]:
            self._num_printed += 1
            num_done = self._num_done_before + self._num_printed
            self._print(
                f"{_place(trial)}: {trial.state} at {trial.cur_nimg:,} images, {_score_text(trial)} "
                f"({num_done} of {num_planned(self._director)} trials, {self._clock.text()})"
            )
        if time.monotonic() - self._last_line < QUIET_SEC:
            return
        if running := [trial for trial in self._director.trials.values() if not trial.state.is_final]:
            names = ", ".join(f"{_place(trial)} at {trial.cur_nimg:,} images" for trial in running)
            self._print(f"at work: {names} ({self._clock.text()})")

    def stop(self) -> None:
        """Do nothing: lines need no end."""

    def _print(self, text: str) -> None:
        self._last_line = time.monotonic()
        self._console.print(
            f"[{time.monotonic() - self._start:5.0f} s] {text}", markup=False, highlight=False, soft_wrap=True
        )


def _score_text(trial: TrialRecord) -> str:
    if trial.score is not None:
        return f"score {trial.score:.4g}"
    last = trial.evaluations[-1] if trial.evaluations else None
    if last is None or last.score is None or trial.state is not TrialState.STOPPED:
        return "no score"
    return f"score {last.score:.4g} of {last.num_samples} images"


class LiveTable:
    """Shows a row for each arm and phase, and the time left."""

    def __init__(self, console: Console) -> None:
        self._stage = ""
        self._director: Director | None = None
        self.rows: list[ArmRow] = []
        self._start = time.monotonic()
        self._live = Live(console=console, get_renderable=self.render, refresh_per_second=2, transient=True)
        self._live.start()

    def show_stage(self, text: str) -> None:
        """Show it below; a warning stays above."""
        if text.startswith("warning: "):
            self._print(text)
        else:
            self._stage = text

    def show_progress(self, text: str) -> None:
        """Show it below."""
        self._stage = text

    def start(self, director: Director) -> None:
        """Show the table from now on."""
        self._director = director
        self._failures = _Failures(director)
        self._clock = RemainingTime(director)
        self.update()

    def update(self) -> None:
        """Print new failures above the table, and set its rows. Another thread draws the table.

        The work does not grow with the number of trials, since the study's driver answers no trial meanwhile.
        """
        if self._director is None:
            return
        for line in self._failures.new_lines():
            self._print(line)
        self.rows = arm_rows(self._director)
        self._stage = self._clock.text()

    def _print(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def stop(self) -> None:
        """Remove the table."""
        self._live.stop()

    def render(self) -> RenderableType:
        """Return the table above a line with the elapsed time and the stage."""
        footer = Text(f"{time.monotonic() - self._start:.0f} s: {self._stage}", style="dim")
        return Group(_table(self.rows), footer) if self.rows else footer


def arm_rows(director: Director) -> list[ArmRow]:
    """The rows of the table at this moment."""
    rows = []
    for phase in PHASES:
        for arm in director.study.arms:
            if not (num_opened := len(director.trials.of_phase(arm, phase))):
                continue
            planned = num_opened + director.agenda.num_to_open(arm, phase)
            rows.append(
                ArmRow(arm, phase, planned, director.trials.states(arm, phase), director.trials.best(arm, phase))
            )
    return rows


def _table(rows: list[ArmRow]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "phase", "done", "running", "stopped", "diverged", "failed", "best score"):
        table.add_column(name, justify="left" if name in ("arm", "phase") else "right")
    for row in rows:
        states = row.states
        done = sum(count for state, count in states.items() if state.is_final)
        best = f"{row.best.score:.4g} ({row.best.config.name})" if row.best else "-"
        table.add_row(
            row.arm,
            row.phase,
            f"{done}/{row.num_trials}",
            *(
                str(states[state])
                for state in (TrialState.RUNNING, TrialState.STOPPED, TrialState.DIVERGED, TrialState.FAILED)
            ),
            best,
        )
    return table
