"""What each verdict rests on: every finding of a trial with its value, threshold, source and control."""

from dataclasses import dataclass

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.text import NOTHING
from gan_study.analysis.trial_verdicts import WORDS, TrialVerdict
from gan_study.report.tables import Table
from gan_study.runs.diagnosis import Finding

MOST_TABLES = 60
"""Trials whose findings the page shows; those of others are in their diagnosis.json, or told by `diagnose`."""


@dataclass(frozen=True)
class TrialEvidence:
    """The findings of one trial."""

    arm: str
    trial: str
    text: str
    """The verdict with its missing classes and the flag."""
    sentence: str
    """The verdict and its reason."""
    basis: str
    """What was looked at."""
    table: Table
    not_measured: str
    """Names of the findings without a value, in a sentence; empty if there are none."""


@dataclass(frozen=True)
class Evidences:
    """The findings that the page shows."""

    trials: tuple[TrialEvidence, ...]
    num_left_out: int


def evidences(run: RunData) -> Evidences:
    """Trials whose images were measured and those that failed: the confirmed ones first, then the worst verdicts."""
    found = [(t, v) for t in run.trials if (v := run.verdict_of(t)) and (v.is_measured or v.is_failure)]
    # Trials of equal rank stay arm by arm, in their order.
    found.sort(key=lambda each: (each[0].config.phase != "confirm", WORDS.index(each[1].word)))
    shown = tuple(_evidence(trial, verdict) for trial, verdict in found[:MOST_TABLES])
    return Evidences(shown, max(0, len(found) - MOST_TABLES))


def _evidence(trial: TrialData, found: TrialVerdict) -> TrialEvidence:
    lacking = [f.name for f in found.verdict.findings if f.value is None]
    return TrialEvidence(
        arm=trial.config.arm,
        trial=trial.name,
        text=found.text,
        sentence=found.verdict.sentence,
        basis=_basis(trial, found),
        table=finding_table(found),
        # Without measured images, all that they would tell is missing, which the basis says.
        not_measured=f"Not measured: {', '.join(lacking)}." if lacking and found.is_measured else "",
    )


def _basis(trial: TrialData, found: TrialVerdict) -> str:
    if found.diagnosis is None:
        return (
            f"From its {len(trial.evaluations)} evaluations in training alone; its images were not measured. "
            "A training is compared with itself, so there is no control."
        )
    measured = found.diagnosis.diagnostics
    return (
        f"{measured.num:,} generated images at {found.diagnosis.cur_nimg / 1000:,.4g} kimg in features of "
        f"{found.diagnosis.extractor}; each control is the same measure of as many held-out real images."
    )


def finding_table(found: TrialVerdict) -> Table:
    """The findings with a value: those that decided first, then others that fire, then the rest."""
    verdict = found.verdict
    decisive = {f.name for f in verdict.decisive}
    measured = [f for f in verdict.findings if f.value is not None]
    measured.sort(key=lambda f: (f.name not in decisive, not f.fires))
    rows = tuple(_row(f, is_decisive=f.name in decisive) for f in measured)
    columns = ("Finding", "Value", "Threshold", "Control", "Fires", "Source", "In words")
    return Table(columns, rows, frozenset({"Finding", "Fires", "Source", "In words"}))


def _row(finding: Finding, is_decisive: bool) -> tuple[str, ...]:
    fires = "yes" if finding.fires else "no"
    return (
        finding.name,
        _short(finding.value),
        NOTHING if finding.threshold is None else f"{finding.direction} {_short(finding.threshold)}",
        _short(finding.control),
        f"{fires}, decisive" if is_decisive else fires,
        finding.source,
        finding.sentence,
    )


def _short(value: float | None) -> str:
    # Controls may differ from 0 by rounding alone.
    return NOTHING if value is None else f"{round(value, 6):.4g}"
