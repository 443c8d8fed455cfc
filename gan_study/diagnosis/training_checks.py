"""Findings about a training from its evaluations over time. It is compared with itself and has no control."""

from collections.abc import Callable, Iterator, Sequence

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.evidence import Evidence, Signals
from gan_study.diagnosis.finding import make_finding
from gan_study.diagnosis.measures.curves import (
    class_rotation,
    fall_of_last_quarter,
    fall_of_last_third,
    last_third,
    num_reversals,
    score_swing,
    share_of_untrained,
)
from gan_study.runs.records.diagnosis import Finding

_OURS = "proposal of gan_study"
_VANISHING = f"Arjovsky and Bottou 2017, vanishing gradients; threshold: {_OURS}"
_JENSEN_SHANNON = f"Goodfellow et al. 2014, theorem 1; threshold: {_OURS}"
_SENSITIVITY = f"Mao et al. 2019 (MSGAN); threshold: {_OURS}"
_PAIRS = f"Metz et al. 2017, distances of pairs; threshold: {_OURS}"
_HISTOGRAM = f"Srivastava et al. 2017 (VEEGAN), divergence of modes; threshold: {_OURS}"
_ROTATION = f"Metz et al. 2017, rotating modes; measure and threshold: {_OURS}"
_LATE = f"Brock et al. 2019 (BigGAN), collapse late in training; threshold: {_OURS}"


def training_findings(evidence: Evidence, limits: Thresholds) -> Iterator[Finding]:
    """All findings about the evaluations; those not measured do not fire."""
    yield from _players(evidence.signals, limits)
    yield from _generator(evidence.signals, limits)
    yield from _scores(evidence, limits)


def _players(signals: Sequence[Signals], limits: Thresholds) -> Iterator[Finding]:
    accuracies = _lasting(signals, _accuracy)
    accuracy = min(accuracies) if accuracies else None
    estimates = _lasting(signals, lambda s: s.jensen_shannon)
    estimate = min(estimates) if estimates else None
    what = "the discriminator's lowest accuracy in the last third"
    yield make_finding("d_accuracy", what, accuracy, "above", limits.discriminator_accuracy, _VANISHING)
    what = "the lowest Jensen-Shannon estimate in the last third"
    yield make_finding("jensen_shannon", what, estimate, "above", limits.jensen_shannon, _JENSEN_SHANNON)
    gradients = _relative(signals, lambda s: s.g_output_gradient)
    gradient = max(last_third(gradients)) if gradients else None
    what = "the largest gradient at the generator's output in the last third, over the first one,"
    yield make_finding("g_gradient", what, gradient, "below", limits.g_output_gradient, _VANISHING)


def _generator(signals: Sequence[Signals], limits: Thresholds) -> Iterator[Finding]:
    sensitivities = [s.latent_sensitivity for s in signals if s.latent_sensitivity is not None]
    best = max(sensitivities, default=0.0)
    sensitivity = max(sensitivities[-2:]) / best if best > 0 else None
    what = "the latent sensitivity of the last two evaluations, over the highest of all,"
    note = "a ratio; metrics.jsonl has the values themselves"
    yield make_finding(
        "latent_sensitivity", what, sensitivity, "below", limits.latent_sensitivity, _SENSITIVITY, note=note
    )
    distances = [s.pairwise_distance_ratio for s in signals if s.pairwise_distance_ratio is not None]
    distance = max(distances[-2:]) if distances else None
    what = "the mean distance of generated pairs in the last two evaluations, over that of real ones,"
    yield make_finding("pairs_severe", what, distance, "below", limits.pairwise_distance_severe, _PAIRS)
    # An untrained generator's images may differ by less than a level.
    shares = [s.duplicates for s in signals if s.duplicates is not None and s.cur_nimg > 0]
    share = min(shares[-2:]) if len(shares) >= 2 else None
    what = "the share of duplicates in the last two evaluations"
    yield make_finding("duplicates_total", what, share, "above", limits.duplicates, f"threshold: {_OURS}")
    divergences = [s.class_kl for s in signals if s.class_kl is not None]
    divergence = divergences[-1] if divergences else None
    what = "the divergence of the last class shares from the real ones, in nats,"
    yield make_finding("class_kl", what, divergence, "above", limits.class_kl, _HISTOGRAM)


def _scores(evidence: Evidence, limits: Thresholds) -> Iterator[Finding]:
    scores = [s.score for s in evidence.signals if s.score is not None]
    what = "the best score so far, over that of the untrained generator,"
    share = share_of_untrained(evidence.signals, evidence.untrained_score)
    yield make_finding("near_untrained", what, share, "above", limits.near_untrained, _OURS)
    what = "the highest over the lowest score of the last third"
    yield make_finding("score_swing", what, score_swing(scores), "above", limits.score_swing, _OURS)
    what, turns = "the number of reversals of the score in the last third", num_reversals(scores)
    # This number of reversals must fire, so the threshold is half a reversal lower.
    least, note = limits.score_reversals - 0.5, f"that is, {limits.score_reversals:.4g} or more"
    yield make_finding("score_reversals", what, turns, "above", least, _OURS, note=note)
    what = "the change of the classes between evaluations in the last third"
    turning = class_rotation(evidence.signals, evidence.real_class_shares)
    yield make_finding("rotating_modes", what, turning, "above", limits.rotating_modes, _ROTATION)
    what, fall = "the relative fall of the score over the last third", fall_of_last_third(evidence.signals)
    yield make_finding("stalled", what, fall, "below", limits.stalled, _OURS)
    what = "the relative fall of the score below its best in the last quarter of the training"
    fall = fall_of_last_quarter((*evidence.signals, *evidence.later))
    yield make_finding("still_falling", what, fall, "above", limits.still_falling, _OURS)
    scores += [s.score for s in evidence.later if s.score is not None]
    worse = scores[-1] / min(scores) if scores and min(scores) > 0 else None
    yield make_finding("late_collapse", "the last score over the best one", worse, "above", limits.late_collapse, _LATE)


def _accuracy(signals: Signals) -> float | None:
    if signals.d_accuracy_real is None or signals.d_accuracy_fake is None:
        return None
    return (signals.d_accuracy_real + signals.d_accuracy_fake) / 2


def _lasting(signals: Sequence[Signals], get: Callable[[Signals], float | None]) -> list[float]:
    """Measured values of the last third."""
    return last_third([value for s in signals if (value := get(s)) is not None])


def _relative(signals: Sequence[Signals], get: Callable[[Signals], float | None]) -> list[float]:
    """The values relative to the first one; empty if that is not above 0."""
    values = [value for s in signals if (value := get(s)) is not None]
    return [value / values[0] for value in values] if values and values[0] > 0 else []
