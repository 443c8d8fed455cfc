"""The rules that derive a verdict from findings. They are tried in their order, and the first that fits decides."""

from collections.abc import Mapping
from typing import NamedTuple

from gan_study.runs.records.diagnosis import Finding, VerdictName


class Rule(NamedTuple):
    """A verdict and its conditions."""

    verdict: VerdictName
    needs: tuple[str, ...]
    """Findings that must be measured and fire."""
    needs_if_measured: tuple[str, ...] = ()
    """Findings that must fire if they are measured."""
    needs_not: tuple[str, ...] = ()
    """Findings that must be measured and not fire."""
    needs_not_if_measured: tuple[str, ...] = ()
    """Findings that must not fire."""

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Names of all findings in the conditions; those that must fire come first."""
        return (*self.needs, *self.needs_if_measured, *self.needs_not, *self.needs_not_if_measured)


_UNLIKE = ("unlike", "unlike_pixels")


def _of_realistic(verdict: VerdictName, *needs: str) -> Rule:
    """A verdict on images that are realistic."""
    return Rule(verdict, needs, needs_not=("unrealistic",), needs_not_if_measured=_UNLIKE)


def _of_settled(verdict: VerdictName, *needs: str) -> Rule:
    """A verdict on images that are realistic, of a generator that no longer improves."""
    return Rule(verdict, needs, needs_not=("unrealistic",), needs_not_if_measured=(*_UNLIKE, "still_falling"))


_SIGNS_OF_ONE_IMAGE = ("repeats", "variation_total", "latent_sensitivity", "duplicates_total")

# No paper combines these measures into verdicts; the combinations rest on measurements of generators with known faults:
# - A generator whose score has stayed near that of an untrained one has not begun to learn. It has lost no variety, so
#   it has not collapsed, whatever classes a classifier finds in its noise. But a generator that repeats one real letter
#   scores 0.75 to 1.7 of an untrained one. Its images are all alike, whereas those of an untrained generator, faint as
#   they may be, differ with their latents.
# - Images unlike real ones have not collapsed, whatever their classes and bins: noise covers nothing either, and the
#   faint images of an untrained generator count as one image. Such images have collapsed only if they are equal to the
#   byte or have hardly any variance between them; and they are not saturated while they differ.
# - Precision alone does not show that images are unlike real ones. A classifier may map noise into the wide
#   neighbourhood of an outlier (on MNIST with precision 1 and coverage 0.004); the noise is then far from any training
#   image in feature space. Where features of classes are close together, it may map noise among them (on letters with
#   precision 1, at 1.0 to 1.4 of the distance of held-out images); the noise is then far from any training image in
#   pixels.
# - While the score still falls, missing variety may still come: between 13 % and 88 % of a training on letters, its
#   images covered 0.01 to 0.05 of the real ones.
# - A single class of ten covers 0.16 to 0.28 of the letters, whose features overlap. Their classifier detects that the
#   other nine classes are missing.
# - Shrunken modes need a coverage that is not partial, rather than 0.9 of the control: blurred digits had 0.8 of the
#   control's coverage and 0.06 of its recall.
# - Memorisation needs near copies, rather than a gap between the Frechet distances to held-out and to training images:
#   for 1000 images copied from 4000 training images, that gap was 0.3 of its standard deviation. C_T (Meehan et al.
#   2020) and authenticity (Alaa et al. 2022) alone also fall for shrunken modes.
RULES = (
    Rule(VerdictName.DIVERGED, ("diverged",)),
    Rule(VerdictName.DIVERGED, ("non_finite",)),
    Rule(VerdictName.DIVERGED, ("saturated", "repeats")),
    Rule(VerdictName.NOT_LEARNING, ("near_untrained",), needs_not_if_measured=_SIGNS_OF_ONE_IMAGE),
    _of_realistic(VerdictName.TOTAL_COLLAPSE, "support_total"),
    Rule(VerdictName.TOTAL_COLLAPSE, ("support_total", "variation_total")),
    Rule(VerdictName.TOTAL_COLLAPSE, ("support_total", "repeats")),
    _of_settled(VerdictName.TOTAL_COLLAPSE, "coverage_total", "vendi_total"),
    _of_settled(VerdictName.TOTAL_COLLAPSE, "classes_total"),
    Rule(VerdictName.TOTAL_COLLAPSE, ("latent_sensitivity", "pairs_severe")),
    Rule(VerdictName.TOTAL_COLLAPSE, ("duplicates_total",)),
    Rule(VerdictName.SHRUNKEN_MODES, ("recall_shrunken", "density_shrunken"), needs_not=("coverage_partial",)),
    _of_settled(VerdictName.PARTIAL_COLLAPSE, "missing_classes"),
    _of_settled(VerdictName.PARTIAL_COLLAPSE, "coverage_partial"),
    _of_realistic(VerdictName.PARTIAL_COLLAPSE, "support_partial"),
    _of_settled(VerdictName.PARTIAL_COLLAPSE, "ndb_partial"),
    Rule(VerdictName.POSSIBLE_MEMORISATION, ("c_t", "near_copies")),
    Rule(VerdictName.POSSIBLE_MEMORISATION, ("authenticity", "near_copies")),
    Rule(VerdictName.DISCRIMINATOR_OVERPOWERING, ("d_accuracy", "g_gradient", "stalled"), ("jensen_shannon",)),
    Rule(VerdictName.OSCILLATING, ("score_swing", "score_reversals")),
    Rule(VerdictName.OSCILLATING, ("rotating_modes",)),
    Rule(VerdictName.STILL_IMPROVING, ("still_falling",)),
    Rule(VerdictName.UNLIKE_REAL_IMAGES, ("unrealistic",)),
    Rule(VerdictName.UNLIKE_REAL_IMAGES, ("unlike",)),
    Rule(VerdictName.UNLIKE_REAL_IMAGES, ("unlike_pixels",)),
)

BARS_HEALTHY = "few_samples"
"""If this finding fires and no rule fits, the verdict is inconclusive."""
FLAG = "late_collapse"
"""This finding is added to any verdict."""


def decisive_rule(findings: Mapping[str, Finding]) -> Rule | None:
    """The first rule that fits the findings, by their names; None if none does."""
    return next((rule for rule in RULES if not any(unmet_conditions(rule, findings))), None)


class Unmet(NamedTuple):
    """Names of the findings that keep a rule from fitting."""

    must_fire: tuple[str, ...]
    must_not_fire: tuple[str, ...]
    """Findings that fire but must not."""
    must_be_measured: tuple[str, ...]
    """Findings that must not fire and were not measured."""


def unmet_conditions(rule: Rule, findings: Mapping[str, Finding]) -> Unmet:
    """The findings that keep a rule from fitting. A finding that is missing in an older file counts as not measured."""

    def is_measured(name: str) -> bool:
        return name in findings and findings[name].value is not None

    def fires(name: str) -> bool:
        return name in findings and findings[name].fires

    optional = tuple(name for name in rule.needs_if_measured if is_measured(name))
    return Unmet(
        must_fire=tuple(name for name in (*rule.needs, *optional) if not fires(name)),
        must_not_fire=tuple(name for name in (*rule.needs_not, *rule.needs_not_if_measured) if fires(name)),
        must_be_measured=tuple(name for name in rule.needs_not if not is_measured(name)),
    )
