"""Findings about the generated images at the end of a trial. Thresholds are in the units of the value."""

from collections.abc import Iterator

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.finding import make_finding
from gan_study.diagnosis.measures.draws import most_support
from gan_study.runs.records.diagnosis import Diagnostics, Direction, Finding, MeasureWithControl

_OURS = "threshold: proposal of gan_study"
_PRDC = f"Naeem et al. 2020, density and coverage; {_OURS}"
_PRECISION_RECALL = f"Kynkaanniemi et al. 2019, precision and recall; {_OURS}"
_VENDI = f"Friedman and Dieng 2023, Vendi score; {_OURS}"
_NDB = f"Richardson and Weiss 2018, NDB with |z| > 4; {_OURS}"
_BIRTHDAY = f"Arora and Zhang 2018, birthday test, automated; {_OURS}"
_C_T = f"Meehan et al. 2020, C_T; {_OURS}"
_AUTHENTICITY = f"Alaa et al. 2022, authenticity; {_OURS}"
_PAIRS = f"Metz et al. 2017, distances of pairs; {_OURS}"
_CLASSES = f"Lin et al. 2018 (PacGAN), modes with a tenth of their expected images; {_OURS}"


def sample_findings(measured: Diagnostics, limits: Thresholds) -> Iterator[Finding]:
    """All findings about the images; those not measured do not fire."""
    yield make_finding("few_samples", "the number of images", measured.num, "below", limits.least_samples, _OURS)
    yield _plain("saturated", "the spread of the images' levels", measured.level_deviation, "below", limits.flat_levels)
    yield _plain("repeats", "the share of repeated images", measured.duplicates, "above", limits.duplicates)
    yield _ratio(
        "variation_total",
        "the share of the variance that lies between images",
        measured.variation,
        "below",
        limits.variation_total,
        _OURS,
    )
    yield from _variety(measured, limits)
    yield from _support(measured, limits)
    yield from _copies(measured, limits)
    yield _classes(measured, limits)
    yield _ratio(
        "classes_total",
        "the share of real images whose class is not missing",
        None if measured.classes is None else measured.classes.left,
        "below",
        limits.coverage_total,
        _CLASSES,
    )


def _variety(measured: Diagnostics, limits: Thresholds) -> Iterator[Finding]:
    coverage, precision, vendi = measured.coverage, measured.precision, measured.vendi
    yield _ratio("unrealistic", "the precision", precision, "below", limits.precision_kept, _PRECISION_RECALL)
    yield _ratio(
        "unlike",
        "the median distance to the nearest training image, over that of held-out images,",
        measured.nearest_distance,
        "above",
        limits.distance_kept,
        _C_T,
    )
    yield _ratio(
        "unlike_pixels",
        "the median difference to the nearest training image in pixels, in levels,",
        measured.pixel_distance,
        "above",
        limits.pixel_distance_kept,
        _OURS,
    )
    yield _ratio("coverage_total", "the coverage", coverage, "below", limits.coverage_total, _PRDC)
    # A single image has a Vendi score of 1. In features where ten classes have 5, a ratio of 0.25 would be close to it.
    least = None if vendi is None else 1 + limits.vendi_total * (vendi.control - 1)
    value, control = (None, None) if vendi is None else (vendi.value, vendi.control)
    note = f"1 more than {limits.vendi_total:.4g} of the control less 1"
    yield make_finding("vendi_total", "the Vendi score", value, "below", least, _VENDI, control, note)
    yield _ratio("coverage_partial", "the coverage", coverage, "below", limits.coverage_partial, _PRDC)
    yield _ratio("coverage_low", "the coverage", coverage, "below", limits.coverage_low, _PRDC)
    yield _ratio("recall_shrunken", "the recall", measured.recall, "below", limits.recall_shrunken, _PRECISION_RECALL)
    yield _ratio("density_shrunken", "the density", measured.density, "above", limits.density_shrunken, _PRDC)
    yield _ratio(
        "pairs_close",
        "the mean distance of pairs",
        measured.pairwise_distance,
        "below",
        limits.pairwise_distance_low,
        _PAIRS,
    )
    yield _excess("ndb_partial", "the share of bins that differ", measured.ndb, "above", limits.ndb_partial, _NDB)


def _support(measured: Diagnostics, limits: Thresholds) -> Iterator[Finding]:
    most = most_support(measured.num)
    is_most = measured.support is not None and measured.support.value >= most
    note = f"at least {most:.4g}: {measured.num:,} images can show no more" if is_most else ""
    few = measured.num_train / 10
    of_low = f"threshold: a tenth of the {measured.num_train:,} training images" if few < limits.support_low else ""
    for name, limit, note_of_limit in (
        ("support_total", limits.support_total, note),
        ("support_partial", limits.support_partial, note),
        ("support_low", min(limits.support_low, few), "; ".join(text for text in (note, of_low) if text)),
    ):
        yield _plain(name, "the number of different images", measured.support, "below", limit, _BIRTHDAY, note_of_limit)


def _copies(measured: Diagnostics, limits: Thresholds) -> Iterator[Finding]:
    yield _plain("c_t", "C_T, a z score of the distance to training images,", measured.c_t, "below", limits.c_t, _C_T)
    yield _ratio(
        "authenticity", "the authentic share", measured.authenticity, "below", limits.authenticity, _AUTHENTICITY
    )
    yield _excess("near_copies", "the share of near copies", measured.near_copies, "above", limits.near_copies)


def _classes(measured: Diagnostics, limits: Thresholds) -> Finding:
    what, classes = "the number of missing classes", measured.classes
    if classes is None:
        return make_finding("missing_classes", what, None, "above", None, _CLASSES)
    chance = classes.missing_by_chance
    # The number of classes missed by chance is about Poisson distributed; if it is close to 0, one class is too many.
    threshold = chance + limits.missing_classes * chance**0.5
    note = f"{limits.missing_classes:.4g} standard deviations above what chance misses"
    if threshold < 0.5:
        threshold, note = 0.5, f"that is, 1 or more; {note} is less"
    return make_finding("missing_classes", what, len(classes.missing), "above", threshold, _CLASSES, chance, note)


def _plain(
    name: str,
    what: str,
    measured: MeasureWithControl | None,
    direction: Direction,
    limit: float,
    source: str = _OURS,
    note: str = "",
) -> Finding:
    """A finding that compares the value with the limit."""
    if measured is None:
        return make_finding(name, what, None, direction, limit, source)
    return make_finding(name, what, measured.value, direction, limit, source, measured.control, note)


def _ratio(
    name: str, what: str, measured: MeasureWithControl | None, direction: Direction, limit: float, source: str
) -> Finding:
    """A finding that compares the value with the limit times the control."""
    if measured is None or not measured.control:
        return make_finding(name, what, None, direction, None, source)
    note = f"{limit:.4g} of the control"
    return make_finding(name, what, measured.value, direction, limit * measured.control, source, measured.control, note)


def _excess(
    name: str, what: str, measured: MeasureWithControl | None, direction: Direction, limit: float, source: str = _OURS
) -> Finding:
    """A finding that compares the value with the control plus the limit."""
    if measured is None:
        return make_finding(name, what, None, direction, None, source)
    note = f"{limit:.4g} more than the control"
    return make_finding(name, what, measured.value, direction, measured.control + limit, source, measured.control, note)
