"""Reasons, derived from the rules, for findings that fire but did not decide."""

from collections.abc import Mapping
from typing import NamedTuple

from gan_study.diagnosis.rules import BARS_HEALTHY, FLAG, RULES, Rule, decisive_rule, unmet_conditions
from gan_study.runs.records.diagnosis import Finding, Verdict, VerdictName


class Undecided(NamedTuple):
    """A finding that fires, but did not decide."""

    finding: Finding
    reason: str
    """The reason, as a sentence."""


def undecided_findings(verdict: Verdict) -> tuple[Undecided, ...]:
    """The findings that fire but did not decide, each with its reason.

    For a verdict by the rules of another version, the reasons are those of the present rules.
    """
    findings = {finding.name: finding for finding in verdict.findings}
    decisive = {finding.name for finding in verdict.decisive}
    found = decisive_rule(findings)
    others = RULES[RULES.index(found) :] if found is not None else ()
    return tuple(
        Undecided(finding, _reason(finding.name, findings, others, verdict.name))
        for finding in verdict.findings
        if finding.fires and finding.name not in decisive
    )


def order_of_rules() -> str:
    """An explanation of how a verdict is chosen, in two sentences."""
    order = ", ".join(dict.fromkeys(rule.verdict.word for rule in RULES))
    return (
        f"The first of {len(RULES)} rules that fits decides, in the order {order}; a rule may need several findings to "
        "fire, or some not to. If none fits, the verdict is healthy if every check was made, on enough images, and "
        "inconclusive otherwise."
    )


def _reason(name: str, findings: Mapping[str, Finding], later: tuple[Rule, ...], chosen: VerdictName) -> str:
    rules = [rule for rule in RULES if name in (*rule.needs, *rule.needs_if_measured)]
    if not rules:
        return _reason_without_rule(name)
    parts = []
    for verdict in dict.fromkeys(rule.verdict for rule in rules):
        own = [rule for rule in rules if rule.verdict is verdict]
        if any(rule in later and not any(unmet_conditions(rule, findings)) for rule in own):
            parts.append("the same verdict, by a later rule" if verdict is chosen else f"{verdict.word}: a later rule")
        else:
            parts.append(f"{verdict.word} only if {', or if '.join(_missing(rule, findings) for rule in own)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _reason_without_rule(name: str) -> str:
    if name == BARS_HEALTHY:
        return "It rules out the verdict healthy, and no other."
    if name == FLAG:
        return "It is added to any verdict and changes none."
    return "It is only noted: no verdict depends on it."


def _missing(rule: Rule, findings: Mapping[str, Finding]) -> str:
    lacking = unmet_conditions(rule, findings)
    parts = (
        (lacking.must_fire, "fires too", "fire too"),
        (lacking.must_not_fire, "does not fire", "do not fire"),
        (lacking.must_be_measured, "is measured", "are measured"),
    )
    return " and ".join(
        f"{' and '.join(names)} {one if len(names) == 1 else more}" for names, one, more in parts if names
    )
