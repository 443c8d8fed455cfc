"""Reasons for findings that fire but did not decide, and the explanation of how a verdict is chosen."""

import pytest
from support.planted_trials import DESCENT, SWINGING, images, trial

from gan_study.diagnosis.rules import RULES
from gan_study.diagnosis.undecided import order_of_rules, undecided_findings
from gan_study.runs.records.diagnosis import Verdict

FALLING = (100.0, 40.0, 20.0, 10.0, 8.0)


def reasons(verdict: Verdict) -> dict[str, str]:
    return {finding.name: reason for finding, reason in undecided_findings(verdict)}


@pytest.mark.parametrize(
    ("verdict", "name", "expected"),
    [
        (trial(images(coverage=0.5, nearest_distance=1.8), FALLING), "still_improving", {
            "unlike": "Unlike real images: a later rule.",
            "coverage_partial": "Partial collapse only if unlike and still_falling do not fire.",
            "coverage_low": "It is only noted: no verdict depends on it.",
            "score_swing": "Oscillating only if score_reversals fires too.",
        }),
        # Saturated images that differ, and too few of them for the support: three rules are tried for the latter.
        (trial(images(support=50.0, precision=0.1)), "unlike_real_images", {
            "support_total": "Total collapse only if unrealistic does not fire, or if variation_total fires too, "
            "or if repeats fires too.",
            "support_partial": "Partial collapse only if unrealistic does not fire.",
            "support_low": "It is only noted: no verdict depends on it.",
        }),
        (trial(images(coverage=0.5, c_t=-4.0, near_copies=0.5), SWINGING), "partial_collapse", {
            "coverage_low": "It is only noted: no verdict depends on it.",
            "c_t": "Possible memorisation: a later rule.",
            "near_copies": "Possible memorisation: a later rule.",
            "score_swing": "Oscillating: a later rule.",
            "score_reversals": "Oscillating: a later rule.",
            "late_collapse": None,
        }),
        (trial(images(recall=0.1, coverage=None), (*DESCENT[:-1], 30.0)), "inconclusive", {
            "recall_shrunken": "Shrunken modes only if density_shrunken fires too and coverage_partial is measured.",
            "late_collapse": "It is added to any verdict and changes none.",
        }),
        (trial(images(c_t=None, near_copies=0.5).model_copy(update={"num": 499})), "inconclusive", {
            "near_copies": "Possible memorisation only if c_t fires too, or if authenticity fires too.",
        }),
        (trial(images(coverage=0.5).model_copy(update={"num": 499})), "partial_collapse", {
            "few_samples": "It rules out the verdict healthy, and no other.",
        }),
    ],
)  # fmt: skip
def test_reasons(verdict: Verdict, name: str, expected: dict[str, str | None]) -> None:
    assert verdict.name == name, verdict.sentence
    told = reasons(verdict)
    assert {key: told.get(key) for key in expected} == expected
    decisive = {f.name for f in verdict.decisive}
    assert set(told) == {f.name for f in verdict.findings if f.fires} - decisive


def test_a_file_without_a_newer_finding_is_told_too() -> None:
    verdict = trial(images(coverage=0.5, nearest_distance=1.8), FALLING)
    older = verdict.model_copy(
        update={"findings": tuple(f for f in verdict.findings if f.name not in ("unlike_pixels", "variation_total"))}
    )
    assert reasons(older) == reasons(verdict)


def test_the_order_is_that_of_the_rules() -> None:
    text = order_of_rules()
    places = [text.index(rule.verdict.word) for rule in RULES]
    assert places == sorted(places)
    assert text.startswith(f"The first of {len(RULES)} rules that fits decides, in the order diverged, not learning, ")
