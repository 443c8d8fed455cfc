"""The verdict on a trial: its findings, and the first rule that fits them."""

from collections.abc import Mapping

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.evidence import Evidence
from gan_study.diagnosis.finding import make_finding
from gan_study.diagnosis.rules import BARS_HEALTHY, FLAG, decisive_rule
from gan_study.diagnosis.sample_checks import sample_findings
from gan_study.diagnosis.training_checks import training_findings
from gan_study.runs.records.diagnosis import Diagnostics, Finding, Verdict, VerdictName
from gan_study.runs.records.status import TrialState

_NEEDED_OF_IMAGES = (
    *("saturated", "unrealistic", "coverage_partial", "recall_shrunken", "density_shrunken", "support_total"),
    *("ndb_partial", "c_t", "near_copies"),
)
_NEEDED_OF_TRAINING = ("still_falling", FLAG)


def evidence_to_verdict(evidence: Evidence, thresholds: Thresholds | None = None) -> Verdict:
    """The verdict that the evidence supports; healthy only if everything applicable was measured on enough images."""
    limits = thresholds or Thresholds()
    measured = evidence.diagnostics or Diagnostics(num=0, num_train=0)
    findings = (
        *_failures(evidence),
        *sample_findings(measured, limits),
        *training_findings(evidence, limits),
    )
    by_name = {finding.name: finding for finding in findings}
    name, decisive = _decide(by_name, bool(evidence.signals))
    # Classes that a classifier finds in noise mean nothing.
    is_poor = any(by_name[name].fires for name in ("unrealistic", "unlike", "unlike_pixels"))
    is_missing = by_name["missing_classes"].fires and not is_poor
    missing = _missing_classes(evidence) if is_missing else ()
    # A generator that never learned had nothing to lose.
    late = by_name[FLAG].fires and name is not VerdictName.NOT_LEARNING
    return Verdict(
        name=name,
        late_collapse=late,
        missing_classes=missing,
        decisive=decisive,
        findings=findings,
        sentence=_sentence(name, decisive, missing, _remedy(name, by_name["still_falling"], evidence, late)),
    )


def _failures(evidence: Evidence) -> tuple[Finding, ...]:
    """Findings on values that were not finite; their values are counts."""
    source = "a value that is not finite ends a training"
    diverged = None if evidence.state is None else int(evidence.state is TrialState.DIVERGED)
    names = {*evidence.non_finite, *(evidence.diagnostics.non_finite if evidence.diagnostics else ())}
    listed = f" ({', '.join(sorted(names))})" if names else ""
    what = f"the number of non-finite quantities{listed}"
    return (
        make_finding("diverged", "the number of divergences that ended the training", diverged, "above", 0, source),
        make_finding("non_finite", what, len(names), "above", 0, source),
    )


def _decide(findings: Mapping[str, Finding], has_signals: bool) -> tuple[VerdictName, tuple[Finding, ...]]:
    rule = decisive_rule(findings)
    if rule is not None:
        return rule.verdict, tuple(findings[name] for name in rule.looks_at if findings[name].value is not None)
    needed = (*_NEEDED_OF_IMAGES, *(_NEEDED_OF_TRAINING if has_signals else ()))
    lacking = [findings[name] for name in needed if findings[name].value is None]
    if findings[BARS_HEALTHY].fires:
        lacking.insert(0, findings[BARS_HEALTHY])
    if lacking:
        return VerdictName.INCONCLUSIVE, tuple(lacking)
    return VerdictName.HEALTHY, tuple(findings[name] for name in needed)


def _missing_classes(evidence: Evidence) -> tuple[str, ...]:
    classes = evidence.diagnostics.classes if evidence.diagnostics else None
    numbers = classes.missing if classes else ()
    return tuple(evidence.class_names[number] if evidence.class_names else str(number) for number in numbers)


def _late_advice(evidence: Evidence) -> str:
    """Advice for a training that was better before its end."""
    if evidence.later:
        return "Its training got worse afterwards; this is the generator of its best evaluation."
    best = min((s for s in evidence.signals if s.score is not None), key=lambda s: s.score or 0.0)
    return (
        f"It was better before: take the snapshot of its best evaluation, at {best.cur_nimg:,} images, or let the best "
        "count by `objective.at: best`."
    )


def _remedy(name: VerdictName, still_falling: Finding, evidence: Evidence, late: bool) -> str:
    """A remedy in one sentence; empty if none is known."""
    if late:
        return _late_advice(evidence)
    if name is VerdictName.STILL_IMPROVING:
        return "Train longer: give it a larger budget."
    if name not in (VerdictName.NOT_LEARNING, VerdictName.UNLIKE_REAL_IMAGES):
        return ""
    fall, change = still_falling.value, "try other learning rates, another loss or another network."
    if fall is None:
        return "There are too few evaluations to tell whether a longer training would help."
    if fall > 0 and name is VerdictName.NOT_LEARNING:
        return f"Its score has begun to fall: train longer, or {change}"
    how = "hardly falls" if fall > 0 else "does not fall"
    return f"Its score {how}, so a longer training alone is unlikely to help: {change}"


def _sentence(name: VerdictName, decisive: tuple[Finding, ...], missing: tuple[str, ...], remedy: str) -> str:
    head = name.word.capitalize()
    if name is VerdictName.HEALTHY:
        reason = "every check was made, and none found a failure."
    else:
        reason = " ".join(finding.sentence for finding in decisive)
    parts = [f"{head}: {reason}"]
    if missing:
        shown = ", ".join(missing[:20]) + (f" and {len(missing) - 20} more" if len(missing) > 20 else "")
        parts.append(f"Missing classes: {shown}.")
    return " ".join([*parts, *([remedy] if remedy else [])])
