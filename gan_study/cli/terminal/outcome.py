"""Print the outcome of a study: who won, how sure that is, and the path of the report."""

import sys

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_study.analysis.sentences.number_text import NOTHING, failure_text, number, percent
from gan_study.analysis.summary import ArmSummary, Summary
from gan_study.cli.terminal.messages import print_warning
from gan_study.errors import StorageError
from gan_study.runs.counted_generator import At
from gan_study.runs.folder import RunFolder
from gan_study.runs.present_status import present_status
from gan_study.runs.records.status import TrialState
from gan_study.workflow.run_folder import require_a_score

_PIPED_WIDTH = 200
"""Columns where there is no terminal: rich would take 80 and wrap the table."""


def make_console() -> Console:
    """A console for standard output that is wide enough for the table of an outcome, in a file or a pipe too."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    return console


def print_outcome(console: Console, folder: RunFolder, report_location: str) -> None:
    """Print the verdict of summary.json, one row for each arm, grave faults of the search, and the report's place."""
    status, summary = present_status(folder), _read_summary(folder)
    print_summary(console, summary, at_work=status is not None and status.state == "running")
    for finding in summary.health:
        if finding.level == "serious":
            print_line(console, finding.with_command(summary.study, folder.location))
    print_line(console, f"Report: {report_location}")


def print_summary(console: Console, summary: Summary, at_work: bool = False) -> None:
    """Print a row for each arm, then the verdict and its notes, and on standard error warnings about missing files.

    at_work: True if trials are being trained.
    """
    score = summary.score
    if score is not None:
        console.print(_arm_table(summary, at_work))
        published = "" if score.is_published_fid else "; not comparable with published FID"
        print_line(
            console,
            f"Score: {score.label}, lower is better{published}. Real images score {number(score.floor)}, "
            f"an untrained generator {number(score.untrained_score)}. Counted is {score.counted}.",
        )
    for line in summary.trial_verdicts:
        print_line(console, line)
    print_line(console, summary.verdict, style="bold")
    if summary.small_print:
        print_line(console, summary.small_print)
    if summary.luck is not None and summary.luck.sentences:
        print_line(console, " ".join(summary.luck.sentences))
    for note in summary.notes:
        print_line(console, note)
    for warning in summary.warnings:
        print_warning(warning)


def conclude_study(console: Console, folder: RunFolder, report_location: str) -> None:
    """Print the outcome of a study that has come to its end. Raises AllTrialsFailedError if no trial has completed."""
    print_outcome(console, folder, report_location)
    require_a_score(folder, _read_summary(folder), report_location)


def _read_summary(folder: RunFolder) -> Summary:
    try:
        return Summary.from_json(folder.storage.read_text("summary.json"))
    except ValidationError as error:
        raise StorageError(
            f"{folder.location}/summary.json: it must be read as it was just written, but got other contents "
            f"({error.error_count()} faults); look at the disk or the store, and run `report {folder.location}`"
        ) from error


def _arm_table(summary: Summary, at_work: bool) -> Table:
    shares = [arm.class_shares for arm in summary.arms.values() if arm.class_shares]
    classes = "modes found" if any(s.has_many_classes for s in shares) else "smallest class"
    table = Table(box=None, pad_edge=False)
    other = summary.other_count
    confirmed_names = ("confirmed scores", *((f"by the {other.at} evaluations",) if other else ()))
    names = ("arm", "best search score", "failed in search", *confirmed_names, "failed seeds", classes, "trials")
    for name in names:
        table.add_column(name)
    for name, arm in summary.arms.items():
        statistics = summary.comparison.by_arm[name]
        confirmed = statistics.confirmed
        cells = (
            name,
            number(arm.search_score),
            failure_text(statistics.search.failures),
            *(_seeds(arm, at) for at in (None, *((other.at,) if other else ()))),
            failure_text(confirmed.successful.failures if confirmed else None),
            _classes(arm),
            _states(arm, at_work),
        )
        table.add_row(*map(Text, cells))  # A name may look like markup to rich.
    return table


def _seeds(arm: ArmSummary, at: At | None) -> str:
    """The scores of an arm's confirmed seeds, by the evaluation that counts or by another one."""
    if arm.confirmed is None:
        return NOTHING
    by = {None: "score", "last": "score_last", "best": "score_best"}[at]
    return " ".join(number(getattr(seed, by)) for seed in arm.confirmed.seeds)


def _classes(arm: ArmSummary) -> str:
    shares = arm.class_shares
    if shares is None:
        return NOTHING
    return shares.modes_text if shares.has_many_classes else percent(shares.smallest)


def _states(arm: ArmSummary, at_work: bool) -> str:
    # No process trains the trials that an interrupted study has left behind.
    names = {} if at_work else {TrialState.RUNNING.value: "unfinished"}
    return ", ".join(f"{count} {names.get(state, state)}" for state, count in arm.trials_by_state.items())


def print_line(console: Console, text: str, style: str | None = None) -> None:
    """Print a text as it is, on one line however long."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
