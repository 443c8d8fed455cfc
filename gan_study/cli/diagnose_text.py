"""Print diagnoses: a page for one trial, or a line for each of several."""

import shlex
import textwrap
from collections.abc import Sequence

from rich.console import Console

from gan_study.analysis.sentences.number_text import listed, quantity
from gan_study.analysis.trial_verdicts import count_words, counts_text
from gan_study.cli.terminal.outcome import print_line
from gan_study.diagnosis.undecided import order_of_rules, undecided_findings
from gan_study.evaluation.diagnosed_snapshot import DiagnosedSnapshot
from gan_study.report.tables.verdict_evidence import (
    finding_number,
    images_basis,
    measured_findings,
    not_measured,
    threshold_text,
)
from gan_study.runs.folder import RunFolder
from gan_study.runs.present_status import present_status
from gan_study.runs.records.diagnosis import DiagnosisRecord, Finding, VerdictName

_LEAST_TEXT = 40
"""Columns below which the words of a row get a line of their own."""
_KEPT = "from an earlier diagnosis (diagnosis.json); --again measures again"


def print_one(console: Console, found: DiagnosedSnapshot) -> None:
    """Print the verdict and its reason, other findings that fire, the table of findings, and the verdict again."""
    record, verdict = found.record, found.record.verdict
    _print_wrapped(console, f"{found.name} {found.target.moment}: {verdict.sentence}", style="bold")
    if found.is_kept:
        has_notes = any(finding.note for finding in verdict.findings)
        _print_wrapped(console, f"Kept {_KEPT}{'' if has_notes else ', with notes on the numbers'}.")
    elif not found.state.is_final:
        _print_wrapped(
            console, f"The trial has not ended ({found.state}): this is for its last snapshot so far, and is not kept."
        )
    others = undecided_findings(verdict)
    if others:
        print_line(console, "\nFires too, without deciding:")
    for finding, reason in others:
        _print_wrapped(console, f"{finding.name}: {finding.sentence} {reason}", indent="  ")
    _print_wrapped(console, f"\nHow the verdict is chosen: {order_of_rules()}\n")
    _print_table(console, record)
    _print_wrapped(console, "\n* decisive, + fires too. A part in brackets explains how a number was measured.")
    for text in (not_measured(verdict), images_basis(record, found.target.config)):
        if text:
            _print_wrapped(console, text)
    _print_wrapped(
        console, "Sentences and sources are in the tab Collapse of report.html, which `report` writes, and in --json."
    )
    # Once more, because the table may have pushed the first line off the screen.
    _print_wrapped(console, f"\n{found.name}: {_summary(found)}", style="bold")


def print_study_state(console: Console, run: RunFolder) -> None:
    """Print a line if the study has not ended."""
    status = present_status(run)
    if status is not None and status.state != "completed":
        _print_wrapped(
            console,
            f"The study has not ended ({status.state}): more trials may come, and one that has not ended is judged by "
            "its last snapshot so far.",
        )


def print_overview(console: Console, found: Sequence[DiagnosedSnapshot]) -> None:
    """Print a line for each trial, a command that shows one in full, and the number of trials with each verdict."""
    rows = [(each.name, "kept" if each.is_kept else "measured now", _outcome(each)) for each in found]
    _print_rows(console, (("trial", "result", "verdict (findings that decided)"), *rows), numbers=())
    print_line(console, "")
    if any(each.is_kept for each in found):
        _print_wrapped(console, f"kept: {_KEPT}.")
    example = shlex.join(["python", "-m", "gan_study", "diagnose", found[0].target.trial.storage.location])
    print_line(console, f"Findings and reasons of one trial: {example}")
    _print_wrapped(
        console, "Findings of all trials are in the tab Collapse of report.html, which `report` writes, and in --json."
    )
    counts = counts_text(count_words(each.verdict for each in found))
    _print_wrapped(console, f"\n{quantity(len(found), 'trial')}: {counts}", "bold")


def _summary(found: DiagnosedSnapshot) -> str:
    verdict = found.record.verdict
    if verdict.name is VerdictName.HEALTHY:
        return f"{found.verdict.text}. Every check was made, and none found a failure."
    unmeasured = [f.name for f in verdict.decisive if f.value is None]
    reasons = [
        f"{f.name} is {finding_number(f.value)}{f', {threshold_text(f)}' if f.threshold is not None else ''}"
        for f in verdict.decisive
        if f.fires
    ]
    reasons += [f"{listed(unmeasured)} could not be measured"] if unmeasured else []
    return f"{found.verdict.text}{', because ' if reasons else ''}{'; '.join(reasons)}."


def _outcome(found: DiagnosedSnapshot) -> str:
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
        finding_number(finding.value),
        threshold_text(finding, "> ", "< "),
        finding_number(finding.control),
        f"{finding.what} ({finding.note})" if finding.note else finding.what,
    )


def _print_rows(console: Console, rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> None:
    """Print columns as wide as needed, those in `numbers` aligned right; the last column holds words and is wrapped."""
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    start = sum(widths) + 2 * len(widths)
    for *cells, words in rows:
        sides = (
            cell.rjust(width) if i in numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        line = "  ".join(sides)
        if _width(console) - start >= _LEAST_TEXT:
            _print_wrapped(console, f"{line}  {words}", later=" " * start)
        else:
            print_line(console, line.rstrip())
            _print_wrapped(console, words, indent=" " * 4)


def _print_wrapped(
    console: Console, text: str, style: str | None = None, *, indent: str = "", later: str | None = None
) -> None:
    """Print a text, wrapped between words on a terminal.

    `indent` precedes the first part of each of its lines, `later` (by default the same) the wrapped parts.
    """
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
        print_line(console, "\n".join(part.rstrip() for part in wrapped), style)


def _width(console: Console) -> int:
    # A file or a pipe has no width: whoever searches it finds whole lines.
    return console.width if console.is_terminal else 10**6
