"""The findings behind each verdict, with value, threshold, source and control."""

from dataclasses import dataclass

from gan_study.analysis.run_data import RunData, TrialData
from gan_study.analysis.sentences.number_text import NOTHING
from gan_study.analysis.trial_verdicts import WORDS, TrialVerdict
from gan_study.config.training import TrialConfig
from gan_study.diagnosis.undecided import order_of_rules, undecided_findings
from gan_study.report.tables.table import Table
from gan_study.runs.records.diagnosis import DiagnosisRecord, Finding, Verdict

MOST_TABLES = 60
"""Most trials whose findings the page shows. `diagnose` prints those of the others."""


@dataclass(frozen=True)
class TrialEvidence:
    """The findings behind the verdict on one trial."""

    arm: str
    trial: str
    text: str
    """The verdict with its missing classes and late collapse."""
    sentence: str
    """The verdict and its reason."""
    basis: str
    """The images or evaluations that were examined, in words."""
    table: Table
    not_measured: str
    """Names of the findings without a value, in a sentence; empty if there are none."""


@dataclass(frozen=True)
class Evidences:
    """The findings that the page shows."""

    trials: tuple[TrialEvidence, ...]
    num_left_out: int
    how_chosen: str = order_of_rules()
    """Explanation of how a verdict is chosen."""


def evidences(run: RunData) -> Evidences:
    """Findings of the trials that were measured or failed: confirmed ones first, then by verdict, the worst first."""
    found = [(t, v) for t in run.trials if (v := run.verdict_of(t)) and (v.is_measured or v.is_failure)]
    # Trials of equal rank keep their order.
    found.sort(key=lambda each: (each[0].config.phase != "confirm", WORDS.index(each[1].word)))
    shown = tuple(_evidence(trial, verdict) for trial, verdict in found[:MOST_TABLES])
    return Evidences(shown, max(0, len(found) - MOST_TABLES))


def _evidence(trial: TrialData, found: TrialVerdict) -> TrialEvidence:
    return TrialEvidence(
        arm=trial.config.arm,
        trial=trial.name,
        text=found.text,
        sentence=found.verdict.sentence,
        basis=_basis(trial, found),
        table=finding_table(found),
        # Without measured images the basis already says that nothing was measured.
        not_measured=not_measured(found.verdict) if found.is_measured else "",
    )


def not_measured(verdict: Verdict) -> str:
    """Names of the findings without a value, in a sentence; empty if there are none."""
    lacking = [f.name for f in verdict.findings if f.value is None]
    return f"Not measured: {', '.join(lacking)}." if lacking else ""


def _basis(trial: TrialData, found: TrialVerdict) -> str:
    if found.diagnosis is None:
        return (
            f"Only its {len(trial.evaluations)} evaluations in training were examined; its images were not measured. "
            "A training is compared with itself, so there is no control."
        )
    return images_basis(found.diagnosis, trial.config)


def images_basis(diagnosis: DiagnosisRecord, config: TrialConfig) -> str:
    """Number of measured images, their features and controls, and the reason if they are fewer than requested."""
    measured, asked = diagnosis.diagnostics, config.diagnosis.num_samples
    text = (
        f"{measured.num:,} generated images at {diagnosis.cur_nimg / 1000:,.4g} kimg in features of "
        f"{diagnosis.extractor}; each control is the same measure of as many held-out real images."
    )
    if measured.num >= asked or not measured.num_train:
        return text
    if measured.num == measured.num_train:
        return f"{text} The study asks for {asked:,} (diagnosis.num_samples), but there are no more training images."
    return (
        f"{text} The study asks for {asked:,} (diagnosis.num_samples), but only half the held-out images can be the "
        "control, since the other half is needed to detect memorisation."
    )


def finding_table(found: TrialVerdict) -> Table:
    """A row for each finding with a value. For those that fire but did not decide, the text gives the reason."""
    decisive = {f.name for f in found.verdict.decisive}
    reasons = {finding.name: f" {reason}" for finding, reason in undecided_findings(found.verdict)}
    rows = tuple(
        _row(f, f.name in decisive, f.sentence + reasons.get(f.name, "")) for f in measured_findings(found.verdict)
    )
    columns = ("Finding", "Value", "Threshold", "Control", "Fires", "Source", "In words")
    return Table(columns, rows, frozenset({"Finding", "Fires", "Source", "In words"}))


def measured_findings(verdict: Verdict) -> list[Finding]:
    """The findings with a value: first those that decided, then others that fire, then the rest."""
    decisive = {f.name for f in verdict.decisive}
    measured = [f for f in verdict.findings if f.value is not None]
    return sorted(measured, key=lambda f: (f.name not in decisive, not f.fires))


def threshold_text(finding: Finding, above: str = "above ", below: str = "below ") -> str:
    """The threshold of a finding, with the side on which it fires."""
    if finding.threshold is None:
        return NOTHING
    return f"{above if finding.direction == 'above' else below}{finding_number(finding.threshold)}"


def _row(finding: Finding, is_decisive: bool, words: str) -> tuple[str, ...]:
    fires = "yes" if finding.fires else "no"
    return (
        finding.name,
        finding_number(finding.value),
        threshold_text(finding),
        finding_number(finding.control),
        f"{fires}, decisive" if is_decisive else fires,
        finding.source,
        words,
    )


def finding_number(value: float | None) -> str:
    """A number of a finding: four significant digits; a dash for None."""
    # A control may differ from 0 by rounding errors.
    return NOTHING if value is None else f"{round(value, 6):.4g}"
