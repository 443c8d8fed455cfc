"""What `diagnose` prints: a page for one trial, or a line for each of several."""

import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from gan_study.analysis.sentences.text import listed, quantity
from gan_study.analysis.trial_verdicts import TrialVerdict, count_words, counts_text
from gan_study.cli.terminal.outcome import say
from gan_study.diagnosis.undecided import order_of_rules, undecided_findings
from gan_study.evaluation.snapshots import SnapshotPlace
from gan_study.report.tables.evidence import images_basis, measured_findings, not_measured, short, threshold_text
from gan_study.runs.at_work import present_status
from gan_study.runs.diagnosis import DiagnosisRecord, Finding, VerdictName
from gan_study.runs.folder import RunFolder
from gan_study.runs.records import TrialState

_LEAST_TEXT = 40
"""Columns below which the words of a row stand in a line of their own."""
_KEPT = "from an earlier diagnosis (diagnosis.json); --again measures anew"


@dataclass(frozen=True)
class Found:
    """A diagnosis, and where it comes from."""

    target: SnapshotPlace
    record: DiagnosisRecord
    state: TrialState
    """Where the trial stands."""
    is_kept: bool
    """Whether it was read from diagnosis.json, not measured now."""

    @property
    def name(self) -> str:
        """The trial as it is called on the terminal."""
        return f"{self.target.config.arm}/{self.target.config.name}"

    @property
    def verdict(self) -> TrialVerdict:
        """As the report knows it."""
        return TrialVerdict(self.record.verdict, True, self.state, self.record)


def print_one(console: Console, found: Found) -> None:
    """The verdict and its reason, what else fires and why it did not decide, the table of all findings, and the verdict
    in a line."""
    record, verdict = found.record, found.record.verdict
    _say(console, f"{found.name} {found.target.moment}: {verdict.sentence}", style="bold")
    if found.is_kept:
        has_notes = any(finding.note for finding in verdict.findings)
        _say(console, f"Kept {_KEPT}{'' if has_notes else ', with notes on the numbers'}.")
    elif not found.state.is_final:
        _say(console, f"The trial has not ended ({found.state}): this is of its last snapshot so far, and is not kept.")
    others = undecided_findings(verdict)
    if others:
        say(console, "\nFires too, without deciding:")
    for finding, reason in others:
        _say(console, f"{finding.name}: {finding.sentence} {reason}", indent="  ")
    _say(console, f"\nHow the verdict is chosen: {order_of_rules()}\n")
    _print_table(console, record)
    _say(console, "\n* decisive, + fires too. In the words, the part in brackets tells how a number came about.")
    for text in (not_measured(verdict), images_basis(record, found.target.config)):
        if text:
            _say(console, text)
    _say(console, "Sentences and sources: tab Collapse of report.html, which `report` writes anew; or --json.")
    # Once more, because the table may have pushed the first line off the screen.
    _say(console, f"\n{found.name}: {_summary(found)}", style="bold")


def print_study_state(console: Console, run: RunFolder) -> None:
    """Say so if the study has not ended."""
    status = present_status(run)
    if status is not None and status.state != "completed":
        _say(
            console,
            f"The study has not ended ({status.state}): more trials may come, and one that has not ended is judged by "
            "its last snapshot so far.",
        )


def print_overview(console: Console, found: Sequence[Found]) -> None:
    """A line for each trial, how to see one, and how many have each verdict."""
    rows = [(each.name, "kept" if each.is_kept else "measured now", _outcome(each)) for each in found]
    _print_rows(console, (("trial", "result", "verdict (findings that decided)"), *rows), numbers=())
    say(console, "")
    if any(each.is_kept for each in found):
        _say(console, f"kept: {_KEPT}.")
    example = shlex.join(["python", "-m", "gan_study", "diagnose", found[0].target.trial.storage.location])
    say(console, f"Findings and reasons of one trial: {example}")
    _say(console, "Those of all: tab Collapse of report.html, which `report` writes anew; or --json.")
    counts = counts_text(count_words(each.verdict for each in found))
    _say(console, f"\n{quantity(len(found), 'trial')}: {counts}", "bold")


def _summary(found: Found) -> str:
    verdict = found.record.verdict
    if verdict.name is VerdictName.HEALTHY:
        return f"{found.verdict.text}. Every check was made, and none found a failure."
    lacking = [f.name for f in verdict.decisive if f.value is None]
    reasons = [
        f"{f.name} is {short(f.value)}{f', {threshold_text(f)}' if f.threshold is not None else ''}"
        for f in verdict.decisive
        if f.fires
    ]
    reasons += [f"{listed(lacking)} could not be measured"] if lacking else []
    return f"{found.verdict.text}{', because ' if reasons else ''}{'; '.join(reasons)}."


def _outcome(found: Found) -> str:
    verdict = found.record.verdict
    if verdict.name is VerdictName.HEALTHY:
        return f"{found.verdict.text} (every check was made)"
    names = [f.name if f.fires else f"{f.name} not measured" for f in verdict.decisive if f.fires or f.value is None]
    return f"{found.verdict.text} ({', '.join(names)})"


def _print_table(console: Console, record: DiagnosisRecord) -> None:
    decisive = {finding.name for finding in record.verdict.decisive}
    rows = [_row(finding, finding.name in decisive) for finding in measured_findings(record.verdict)]
    _print_rows(console, (("  finding", "value", "fires if", "control", "in words"), *rows), numbers=(1, 3))


def _row(finding: Finding, is_decisive: bool) -> tuple[str, ...]:
    mark = "*" if is_decisive else "+" if finding.fires else " "
    return (
        f"{mark} {finding.name}",
        short(finding.value),
        threshold_text(finding, "> ", "< "),
        short(finding.control),
        f"{finding.what} ({finding.note})" if finding.note else finding.what,
    )


def _print_rows(console: Console, rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> None:
    """Columns as wide as needed, `numbers` of them set to the right; the last one, of words, takes what is left."""
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    start = sum(widths) + 2 * len(widths)
    for *cells, words in rows:
        sides = (
            cell.rjust(width) if i in numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        line = "  ".join(sides)
        if _width(console) - start >= _LEAST_TEXT:
            _say(console, f"{line}  {words}", later=" " * start)
        else:
            say(console, line.rstrip())
            _say(console, words, indent=" " * 4)


def _say(console: Console, text: str, style: str | None = None, *, indent: str = "", later: str | None = None) -> None:
    """Print a text, on a terminal broken between words; `indent` stands before its lines, `later` before all others."""
    later = indent if later is None else later
    for line in text.split("\n"):
        wrapped = textwrap.wrap(
            line,
            _width(console),
            initial_indent=indent,
            subsequent_indent=later,
            break_long_words=False,
            break_on_hyphens=False,
        )
        say(console, "\n".join(part.rstrip() for part in wrapped), style)


def _width(console: Console) -> int:
    # A file or a pipe has no width: what looks for a line finds it whole.
    return console.width if console.is_terminal else 10**6
