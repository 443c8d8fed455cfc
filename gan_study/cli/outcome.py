"""The last lines of a study on the terminal: who won, how sure that is, and where the report lies."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from gan_study.errors import AllTrialsFailedError
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState

_PIPED_WIDTH = 160
"""Columns where there is no terminal: rich would take 80 and wrap the table."""


def make_console() -> Console:
    """Standard output, wide enough for the table of an outcome also in a file or a pipe."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    return console


def print_outcome(console: Console, folder: RunFolder, report_location: str) -> None:
    """Print the verdict of summary.json, one row for each arm, and the report's place."""
    summary = _read_summary(folder)
    score = summary["score"]
    if score is not None:
        status = folder.read_study_status()
        console.print(_arm_table(summary["arms"], at_work=status is not None and status.state == "running"))
        published = "" if score["is_published_fid"] else "; not comparable with published FID"
        _say(
            console,
            f"Score: {score['label']}, lower is better{published}. Real images score {score['floor']:.3g}, "
            f"an untrained generator {score['untrained_score']:.4g}.",
        )
    _say(console, summary["verdict"], style="bold")
    _say(console, f"Report: {report_location}")


def conclude(console: Console, folder: RunFolder, report_location: str) -> None:
    """Print the outcome of a study that has come to its end. Raises AllTrialsFailedError if no trial has completed."""
    print_outcome(console, folder, report_location)
    if not any(TrialState.COMPLETED in arm["trials_by_state"] for arm in _read_summary(folder)["arms"].values()):
        raise AllTrialsFailedError(
            f"{folder.location}: no trial has completed; {_reasons(folder)}; see {report_location}"
        )


def _read_summary(folder: RunFolder) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(folder.storage.read_text("summary.json"))
    return summary


def _reasons(folder: RunFolder) -> str:
    trials = (folder.trial(arm, name) for arm in folder.arms() for name in folder.trials(arm))
    reasons = {status.reason for trial in trials if (status := trial.read_status()) and status.reason}
    return "reasons: " + "; ".join(sorted(reasons)) if reasons else "no reason was recorded"


def _arm_table(arms: dict[str, dict[str, object]], at_work: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("arm", "best search score", "confirmed scores", "smallest class", "trials"):
        table.add_column(name)
    for name, arm in arms.items():
        table.add_row(name, _number(arm["search_score"]), _confirmed(arm), _smallest_class(arm), _states(arm, at_work))
    return table


def _confirmed(arm: dict[str, object]) -> str:
    confirmed = arm["confirmed"]
    if not isinstance(confirmed, dict):
        return "-"
    return " ".join(_number(seed["score"]) for seed in confirmed["seeds"])


def _smallest_class(arm: dict[str, object]) -> str:
    shares = arm["class_shares"]
    return f"{shares['smallest']:.1%}" if isinstance(shares, dict) else "-"


def _states(arm: dict[str, object], at_work: bool) -> str:
    states = arm["trials_by_state"]
    assert isinstance(states, dict), "summary.json holds counts by state"
    # No process is at work on the trials that an interrupted study has left behind.
    names = {} if at_work else {TrialState.RUNNING.value: "unfinished"}
    return ", ".join(f"{count} {names.get(state, state)}" for state, count in states.items())


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "-"


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
