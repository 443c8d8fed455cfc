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
from gan_study.search.director.remaining_time import RemainingTime
from gan_study.search.director.trial_record import TrialRecord
from gan_study.workflow.progress import Failures, Progress, ProgressReporter, Watcher


class Display(Watcher, Protocol):
    """Shows the progress of a study."""

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


class PlainLines(ProgressReporter):
    """Prints a line for each piece of news, with the seconds since the start."""

    def __init__(self, console: Console) -> None:
        def print_news(news: Progress) -> None:
            line = f"[{news.elapsed_sec:5.0f} s] {news.message}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        super().__init__(print_news)

    def stop(self) -> None:
        """Do nothing: lines need no end."""


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
        self._failures = Failures(director)
        self._clock = RemainingTime(director)
        self.update()

    def update(self) -> None:
        """Print new failures above the table, and set its rows. Another thread draws the table.

        The work does not grow with the number of trials, since the study's driver answers no trial meanwhile.
        """
        if self._director is None:
            return
        for _, line in self._failures.new():
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
