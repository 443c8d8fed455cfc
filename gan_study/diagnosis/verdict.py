"""The verdict on a trial: a table of rules over findings, of which the first match wins."""

from collections.abc import Mapping
from typing import NamedTuple

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.evidence import Evidence
from gan_study.diagnosis.finding import find
from gan_study.diagnosis.sample_checks import sample_findings
from gan_study.diagnosis.training_checks import training_findings
from gan_study.runs.diagnosis import Diagnostics, Finding, Verdict, VerdictName
from gan_study.runs.records import TrialState


class _Rule(NamedTuple):
    """A verdict, if all the findings fire."""

    verdict: VerdictName
    needs: tuple[str, ...]
    """Findings that must have been measured, and fire."""
    needs_if_measured: tuple[str, ...] = ()
    """Findings that must fire if they were measured."""
    needs_not: tuple[str, ...] = ()
    """Findings that must have been measured, and not fire."""
    needs_not_if_measured: tuple[str, ...] = ()
    """Findings that must not fire."""


def _of_realistic(verdict: VerdictName, *needs: str) -> _Rule:
    """A verdict on images that are realistic."""
    return _Rule(verdict, needs, needs_not=("unrealistic",), needs_not_if_measured=("unlike", "unlike_pixels"))


# Evaluation.md, section 4. Images that are not realistic are unfinished rather than collapsed, whatever their classes
# and bins: noise, too, covers nothing, and the faint images of an untrained generator count as one. So these have
# collapsed only if they repeat each other to the byte, or have hardly any variance between them; nor are they saturated
# while they differ. Precision alone does not tell all of them: a classifier may map noise into the wide neighbourhood
# of an outlier (on MNIST with precision 1 and coverage 0.004), but then far from any training image; or, where features
# of classes lie close together, amid them (on letters with precision 1, at 1.2 to 1.4 of the distance of held-out
# images), but then far from any training image in pixels.
# Two more rules differ, for what was measured. Shrunken modes need a coverage that is not partial, instead of 0.9 of
# the control: blurred digits had 0.8 of its coverage, and 0.06 of its recall. Memorisation needs near copies, instead
# of a gap between the Frechet distances to held-out and to training images: with 4000 training images, and all of 1000
# images copied from them, that gap was 0.3 of its standard deviation. C_T and authenticity alone also fall for shrunken
# modes.
_RULES = (
    _Rule(VerdictName.DIVERGED, ("diverged",)),
    _Rule(VerdictName.DIVERGED, ("non_finite",)),
    _Rule(VerdictName.DIVERGED, ("saturated", "repeats")),
    _of_realistic(VerdictName.TOTAL_COLLAPSE, "support_total"),
    _Rule(VerdictName.TOTAL_COLLAPSE, ("support_total", "variation_total")),
    _Rule(VerdictName.TOTAL_COLLAPSE, ("support_total", "repeats")),
    _of_realistic(VerdictName.TOTAL_COLLAPSE, "coverage_total", "vendi_total"),
    _Rule(VerdictName.TOTAL_COLLAPSE, ("latent_sensitivity", "pairs_severe")),
    _Rule(VerdictName.TOTAL_COLLAPSE, ("duplicates_total",)),
    _Rule(VerdictName.SHRUNKEN_MODES, ("recall_shrunken", "density_shrunken"), needs_not=("coverage_partial",)),
    _of_realistic(VerdictName.PARTIAL_COLLAPSE, "missing_classes"),
    _of_realistic(VerdictName.PARTIAL_COLLAPSE, "coverage_partial"),
    _of_realistic(VerdictName.PARTIAL_COLLAPSE, "support_partial"),
    _of_realistic(VerdictName.PARTIAL_COLLAPSE, "ndb_partial"),
    _Rule(VerdictName.POSSIBLE_MEMORISATION, ("c_t", "near_copies")),
    _Rule(VerdictName.POSSIBLE_MEMORISATION, ("authenticity", "near_copies")),
    _Rule(VerdictName.DISCRIMINATOR_OVERPOWERING, ("d_accuracy", "g_gradient", "stalled"), ("jensen_shannon",)),
    _Rule(VerdictName.OSCILLATING, ("score_swing", "score_reversals")),
    _Rule(VerdictName.OSCILLATING, ("rotating_modes",)),
    _Rule(VerdictName.UNDERTRAINED, ("still_falling",)),
    _Rule(VerdictName.UNDERTRAINED, ("unrealistic",)),
    _Rule(VerdictName.UNDERTRAINED, ("unlike",)),
    _Rule(VerdictName.UNDERTRAINED, ("unlike_pixels",)),
)

_NEEDED_OF_IMAGES = (
    *("saturated", "unrealistic", "coverage_partial", "recall_shrunken", "density_shrunken", "support_total"),
    *("ndb_partial", "c_t", "near_copies"),
)
_NEEDED_OF_TRAINING = ("still_falling", "late_collapse")


def judge(evidence: Evidence, thresholds: Thresholds | None = None) -> Verdict:
    """The verdict that the evidence allows; healthy only if all that applies was measured, on enough images."""
    limits = thresholds or Thresholds()
    measured = evidence.diagnostics or Diagnostics(num=0, num_train=0)
    findings = (
        *_failures(evidence),
        *sample_findings(measured, limits),
        *training_findings(evidence, limits),
    )
    by_name = {finding.name: finding for finding in findings}
    name, decisive = _decide(by_name, bool(evidence.signals))
    # The classes that a classifier sees in noise mean nothing.
    is_poor = any(by_name[name].fires for name in ("unrealistic", "unlike", "unlike_pixels"))
    is_missing = by_name["missing_classes"].fires and not is_poor
    missing = _missing_classes(evidence) if is_missing else ()
    late = by_name["late_collapse"].fires
    return Verdict(
        name=name,
        late_collapse=late,
        missing_classes=missing,
        decisive=decisive,
        findings=findings,
        sentence=_sentence(name, decisive, missing, late),
    )


def _failures(evidence: Evidence) -> tuple[Finding, ...]:
    """What was not finite, as findings: numbers of such things, of which there may be none."""
    source = "a value that is not finite ends a training"
    diverged = None if evidence.state is None else int(evidence.state is TrialState.DIVERGED)
    names = {*evidence.non_finite, *(evidence.diagnostics.non_finite if evidence.diagnostics else ())}
    listed = f" ({', '.join(sorted(names))})" if names else ""
    what = f"the number of non-finite quantities{listed}"
    return (
        find("diverged", "the number of divergences that ended the training", diverged, "above", 0, source),
        find("non_finite", what, len(names), "above", 0, source),
    )


def _decide(findings: Mapping[str, Finding], has_signals: bool) -> tuple[VerdictName, tuple[Finding, ...]]:
    for rule in _RULES:
        if _matches(rule, findings):
            used = (*rule.needs, *rule.needs_if_measured, *rule.needs_not, *rule.needs_not_if_measured)
            return rule.verdict, tuple(findings[name] for name in used if findings[name].value is not None)
    needed = (*_NEEDED_OF_IMAGES, *(_NEEDED_OF_TRAINING if has_signals else ()))
    lacking = [findings[name] for name in needed if findings[name].value is None]
    if findings["few_samples"].fires:
        lacking.insert(0, findings["few_samples"])
    if lacking:
        return VerdictName.INCONCLUSIVE, tuple(lacking)
    return VerdictName.HEALTHY, tuple(findings[name] for name in needed)


def _matches(rule: _Rule, findings: Mapping[str, Finding]) -> bool:
    optional = [findings[name] for name in rule.needs_if_measured]
    denied = [findings[name] for name in rule.needs_not]
    forbidden = [findings[name] for name in rule.needs_not_if_measured]
    return (
        all(findings[name].fires for name in rule.needs)
        and all(finding.fires or finding.value is None for finding in optional)
        and all(finding.value is not None and not finding.fires for finding in denied)
        and not any(finding.fires for finding in forbidden)
    )


def _missing_classes(evidence: Evidence) -> tuple[str, ...]:
    classes = evidence.diagnostics.classes if evidence.diagnostics else None
    numbers = classes.missing if classes else ()
    return tuple(evidence.class_names[number] if evidence.class_names else str(number) for number in numbers)


def _sentence(name: VerdictName, decisive: tuple[Finding, ...], missing: tuple[str, ...], late: bool) -> str:
    head = name.value.replace("_", " ").capitalize()
    if name is VerdictName.HEALTHY:
        reason = "every check was made, and none found a failure."
    else:
        reason = " ".join(finding.sentence for finding in decisive)
    parts = [f"{head}: {reason}"]
    if missing:
        shown = ", ".join(missing[:20]) + (f" and {len(missing) - 20} more" if len(missing) > 20 else "")
        parts.append(f"Missing classes: {shown}.")
    if name is VerdictName.UNDERTRAINED and not late:
        parts.append("Train longer: give it a larger budget.")
    if late:
        parts.append("It was better before: take the best snapshot.")
    return " ".join(parts)
