import math
from typing import Any

import pytest
from support.planted_trials import DESCENT, SWINGING, images, training, trial
from support.synthetic_run import OBJECTIVE

from gan_study.config.thresholds import Thresholds
from gan_study.diagnosis.evidence import Evidence, Signals, trial_evidence
from gan_study.diagnosis.finding import make_finding
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.runs.records.diagnosis import Classes, Diagnostics, MeasureWithControl, Verdict
from gan_study.runs.records.measurements import EvaluationRecord, LossRecord, SignalsRecord
from gan_study.runs.records.status import TrialState, TrialStatus

REALISTIC = ("unrealistic", "unlike", "unlike_pixels")
FALLING = (100.0, 40.0, 20.0, 10.0, 8.0)
SETTLED = (*REALISTIC, "still_falling")
OVERPOWERED: dict[str, Any] = {
    "scores": (*DESCENT[:6], 17.0, 17.5, 17.6),
    "d_accuracy_real": 0.99,
    "d_accuracy_fake": 1.0,
    "jensen_shannon": 0.69,
    "g_output_gradient": 1e-4,
}


def test_a_healthy_trial() -> None:
    verdict = trial()
    assert verdict.name == "healthy"
    assert not verdict.late_collapse
    assert not [f.name for f in verdict.findings if f.fires]
    assert verdict.sentence == "Healthy: every check was made, and none found a failure."
    assert "coverage_partial" in {f.name for f in verdict.decisive}
    assert "still_falling" in {f.name for f in verdict.decisive}


@pytest.mark.parametrize(
    ("verdict", "name", "decisive"),
    [
        (trial(images(level_deviation=0.9, duplicates=0.51)), "diverged", {"saturated", "repeats"}),
        (trial(images(level_deviation=0.9, precision=0.0)), "unlike_real_images", {"unrealistic"}),
        (trial(images(support=99.0)), "total_collapse", {"support_total", *REALISTIC}),
        (trial(images(support=99.0, precision=0.0)), "unlike_real_images", {"unrealistic"}),
        (
            trial(images(support=99.0, precision=0.0, variation=0.059)),
            "total_collapse",
            {"support_total", "variation_total"},
        ),
        (trial(images(support=99.0, precision=0.0, variation=0.061)), "unlike_real_images", None),
        (trial(images(support=99.0, precision=0.0, duplicates=0.51)), "total_collapse", {"support_total", "repeats"}),
        (trial(images(support=101.0)), "partial_collapse", {"support_partial", *REALISTIC}),
        (trial(images(support=101.0, precision=0.0)), "unlike_real_images", None),
        (trial(images(support=1001.0)), "healthy", None),
        (
            trial(images(coverage=0.14, vendi=4.9)),
            "total_collapse",
            {"coverage_total", "vendi_total", *SETTLED},
        ),
        # One image has a Vendi score of 1: a quarter of the variety of 20 is 5.75.
        (trial(images(coverage=0.14, vendi=5.7)), "total_collapse", None),
        (trial(images(coverage=0.14, vendi=5.8)), "partial_collapse", {"coverage_partial", *SETTLED}),
        (trial(images(coverage=0.14, nearest_distance=1.49)), "partial_collapse", None),
        (trial(images(coverage=0.14, nearest_distance=1.51)), "unlike_real_images", {"unlike"}),
        (trial(images(coverage=0.14, vendi=4.9, pixel_distance=47)), "total_collapse", None),
        (trial(images(coverage=0.14, vendi=4.9, pixel_distance=49)), "unlike_real_images", {"unlike_pixels"}),
        (
            trial(images(coverage=0.14, nearest_distance=None)),
            "partial_collapse",
            {"coverage_partial", "unrealistic", "unlike_pixels", "still_falling"},
        ),
        (trial(images(coverage=0.14, vendi=4.9, precision=0.55)), "unlike_real_images", {"unrealistic"}),
        (
            trial(latent_sensitivity=0.004, pairwise_distance_ratio=0.4),
            "total_collapse",
            {"latent_sensitivity", "pairs_severe"},
        ),
        (trial(latent_sensitivity=0.004), "healthy", None),
        (trial(duplicates=0.51), "total_collapse", {"duplicates_total"}),
        (trial(duplicates=0.49), "healthy", None),
        (
            trial(images(recall=0.23, density=1.6, ndb=0.5, c_t=-20.0, authenticity=0.2)),
            "shrunken_modes",
            {"coverage_partial", "recall_shrunken", "density_shrunken"},
        ),
        (trial(images(coverage=0.73, recall=0.23, density=1.6)), "shrunken_modes", None),
        (trial(images(coverage=0.71, recall=0.23, density=1.6)), "partial_collapse", None),
        (trial(images(recall=0.25, density=1.6)), "healthy", None),
        (trial(images(recall=0.23, density=1.4)), "healthy", None),
        (trial(images(coverage=0.71)), "partial_collapse", {"coverage_partial", *SETTLED}),
        (trial(images(coverage=0.73)), "healthy", None),
        (trial(images(ndb=0.13)), "partial_collapse", {"ndb_partial", *SETTLED}),
        (trial(images(ndb=0.11)), "healthy", None),
        (trial(images(c_t=-3.1, near_copies=0.013)), "possible_memorisation", {"c_t", "near_copies"}),
        (trial(images(c_t=-3.1)), "healthy", None),
        (trial(images(near_copies=0.013)), "healthy", None),
        (trial(images(authenticity=0.66, near_copies=0.013)), "possible_memorisation", {"authenticity", "near_copies"}),
        (
            trial(**OVERPOWERED),
            "discriminator_overpowering",
            {"d_accuracy", "g_gradient", "jensen_shannon", "stalled"},
        ),
        (trial(**OVERPOWERED | {"jensen_shannon": 0.5}), "healthy", None),
        (trial(**OVERPOWERED | {"scores": DESCENT}), "healthy", None),
        (trial(**OVERPOWERED | {"g_output_gradient": 0.01}), "healthy", None),
        (trial(**OVERPOWERED | {"d_accuracy_real": 0.9}), "healthy", None),
        (trial(scores=SWINGING), "oscillating", {"score_swing", "score_reversals"}),
        (trial(scores=(100.0, 40.0, 20.0, 10.0, 8.0)), "still_improving", {"still_falling"}),
        # What is missing may yet come, but not where the generator draws from few images, or copies.
        (trial(images(coverage=0.5, ndb=0.5), FALLING), "still_improving", {"still_falling"}),
        (trial(images(coverage=0.14, vendi=4.9), FALLING), "still_improving", None),
        (trial(images(support=500.0), FALLING), "partial_collapse", {"support_partial", *REALISTIC}),
        (trial(images(support=50.0), FALLING), "total_collapse", {"support_total", *REALISTIC}),
        (trial(images(c_t=-3.1, near_copies=0.013), FALLING), "possible_memorisation", None),
        (trial(images(precision=0.55)), "unlike_real_images", {"unrealistic"}),
    ],
)
def test_each_rule_on_either_side_of_its_threshold(verdict: Verdict, name: str, decisive: set[str] | None) -> None:
    assert verdict.name == name, verdict.sentence
    if decisive is not None:
        assert {f.name for f in verdict.decisive} == decisive
        assert all(f.sentence in verdict.sentence for f in verdict.decisive)


def test_a_loss_without_a_jensen_shannon_estimate_can_be_overpowered_too() -> None:
    signals = training(**OVERPOWERED)
    without = tuple(signal.model_copy(update={"jensen_shannon": None}) for signal in signals)
    verdict = evidence_to_verdict(Evidence(state=TrialState.COMPLETED, signals=without, diagnostics=images()))
    assert verdict.name == "discriminator_overpowering"
    assert {f.name for f in verdict.decisive} == {"d_accuracy", "g_gradient", "stalled"}


def test_one_bad_evaluation_is_no_collapse() -> None:
    def verdict(num_bad: int) -> Verdict:
        bad = {"latent_sensitivity": 0.004, "pairwise_distance_ratio": 0.4, "duplicates": 0.9}
        healthy = training()
        signals = (*healthy[:-num_bad], *(s.model_copy(update=bad) for s in healthy[-num_bad:]))
        return evidence_to_verdict(Evidence(signals=signals, diagnostics=images()))

    assert verdict(1).name == "healthy"
    assert verdict(2).name == "total_collapse"


def test_a_generator_that_has_not_begun_to_move_has_not_collapsed() -> None:
    # An untrained generator's images are all about the same grey: its sensitivity is as high as it ever was.
    grey = tuple(
        Signals(cur_nimg=nimg, score=100.0, duplicates=0.9, latent_sensitivity=1e-3, pairwise_distance_ratio=0.01)
        for nimg in (0, 0)
    )
    assert evidence_to_verdict(Evidence(signals=grey)).name == "inconclusive"
    later = tuple(signal.model_copy(update={"cur_nimg": 1000}) for signal in grey)
    assert evidence_to_verdict(Evidence(signals=later)).name == "total_collapse"  # dead


def evaluation(cur_nimg: int, score: float) -> EvaluationRecord:
    return EvaluationRecord(
        cur_nimg=cur_nimg,
        num_d_steps=1,
        num_g_steps=1,
        train_sec=1.0,
        evaluate_sec=1.0,
        score=score,
        class_shares=None,
        losses=None,
    )


def test_what_records_of_a_trial_say() -> None:
    def record(cur_nimg: int, shares: tuple[float, ...] | None) -> EvaluationRecord:
        return EvaluationRecord(
            cur_nimg=cur_nimg, num_d_steps=1, num_g_steps=1, train_sec=1.0, evaluate_sec=1.0, score=9.5,
            class_shares=shares, signals=SignalsRecord(duplicates=0.25, non_finite=("real_logits",)),
            losses=LossRecord(d_loss=1.0, g_loss=1.0, penalty=None, real_logit=0.0, fake_logit=0.0, d_grad_norm=1.0,
                              g_grad_norm=1.0, g_output_gradient=0.125),
        )  # fmt: skip

    half = (0.2,) * 5 + (0.0,) * 5
    status = TrialStatus(state=TrialState.STOPPED)
    evidence = trial_evidence(status, [record(0, None), record(1000, half)], OBJECTIVE)
    assert (evidence.state, evidence.non_finite) == (TrialState.STOPPED, ("real_logits",))
    assert (evidence.class_names, evidence.real_class_shares) == (OBJECTIVE.class_names, OBJECTIVE.real_class_shares)
    first, last = evidence.signals
    assert first.class_kl is None
    assert last.class_kl == pytest.approx(math.log(2), rel=1e-12)
    assert (last.cur_nimg, last.score, last.duplicates, last.g_output_gradient) == (1000, 9.5, 0.25, 0.125)
    # A record of a version without signals, and a bare list of records.
    old = record(0, half).model_copy(update={"signals": None, "losses": None})
    (signals,) = trial_evidence(None, [old]).signals
    assert signals == Signals(cur_nimg=0, score=9.5, class_shares=half)
    assert trial_evidence(None, []).non_finite == ()


def test_divergence_comes_before_everything() -> None:
    collapsed = images(support=1.0)
    by_state = evidence_to_verdict(Evidence(state=TrialState.DIVERGED, diagnostics=collapsed))
    assert by_state.name == "diverged"
    by_value = evidence_to_verdict(Evidence(state=TrialState.COMPLETED, non_finite=("d_loss",), diagnostics=collapsed))
    assert by_value.name == "diverged"
    assert "(d_loss) is 1" in by_value.sentence
    assert evidence_to_verdict(Evidence(state=TrialState.COMPLETED, diagnostics=collapsed)).name == "total_collapse"


def test_missing_classes_are_named() -> None:
    def verdict(
        missing: tuple[int, ...], by_chance: float, names: tuple[str, ...] | None = None, precision: float = 0.8
    ) -> Verdict:
        modes = MeasureWithControl(value=10 - len(missing), control=10)
        classes = Classes(num_modes=modes, kl=None, missing=missing, missing_by_chance=by_chance)
        measured = images(precision=precision).model_copy(update={"classes": classes})
        return evidence_to_verdict(Evidence(diagnostics=measured, class_names=names))

    named = verdict((1, 4), 1e-9, ("a", "b", "c", "d", "e"))
    assert named.name == "partial_collapse"
    assert named.missing_classes == ("b", "e")
    assert named.sentence.endswith("Missing classes: b, e.")
    assert verdict((4,), 1e-9).missing_classes == ("4",)
    assert verdict((), 1e-9).name == "healthy"
    # Of 1000 classes some are missed by chance: here 4 on average, with a deviation of 2.
    assert verdict(tuple(range(10)), 4.0).name == "healthy"
    assert verdict(tuple(range(11)), 4.0).name == "partial_collapse"
    assert verdict(tuple(range(10)), 4.0).missing_classes == ()
    poor = verdict((1, 4), 1e-9, precision=0.1)
    assert (poor.name, poor.missing_classes) == ("unlike_real_images", ())


def of_classes(left: float | None, control: float = 1.0, **values: float) -> Diagnostics:
    share = None if left is None else MeasureWithControl(value=left, control=control)
    missing = tuple(range(9)) if left is None else tuple(range(round(10 - 10 * left)))
    modes = MeasureWithControl(value=10 - len(missing), control=10)
    classes = Classes(num_modes=modes, kl=None, missing=missing, missing_by_chance=1e-9, left=share)
    return images(coverage=0.2, **values).model_copy(update={"classes": classes})


@pytest.mark.parametrize(
    ("diagnostics", "name"),
    [
        (of_classes(0.1), "total_collapse"),
        (of_classes(0.2), "partial_collapse"),
        (of_classes(0.1, control=0.6), "partial_collapse"),  # the images are too few for the classes
        (of_classes(None), "partial_collapse"),  # in a file of a version without it
        (of_classes(0.1, pixel_distance=49), "unlike_real_images"),  # noise may be of one class
    ],
)
def test_one_class_of_ten_is_a_total_collapse_though_its_features_overlap(diagnostics: Diagnostics, name: str) -> None:
    verdict = evidence_to_verdict(Evidence(diagnostics=diagnostics))
    assert verdict.name == name, verdict.sentence
    if name == "total_collapse":
        assert {f.name for f in verdict.decisive} == {"classes_total", *REALISTIC}


def test_rotating_classes_are_oscillation() -> None:
    def signals(*indices: int) -> tuple[Signals, ...]:
        return tuple(
            signal.model_copy(update={"class_shares": tuple(float(k == index) for k in range(4))})
            for signal, index in zip(training(), indices, strict=True)
        )

    def verdict(*indices: int) -> Verdict:
        shares = (0.25,) * 4
        return evidence_to_verdict(Evidence(signals=signals(*indices), real_class_shares=shares, diagnostics=images()))

    assert verdict(0, 1, 2, 3, 0, 1, 2, 3, 0).name == "oscillating"
    assert verdict(0, 1, 2, 3, 0, 0, 0, 0, 0).name == "healthy"


CHANGE = "try other learning rates, another loss or another network"
RISING = (100.0, 60.0, 57.6, 61.0, 66.0, 69.0)


def test_a_longer_training_is_advised_only_where_the_score_still_falls() -> None:
    falling = trial(scores=FALLING)
    assert falling.sentence == (
        "Still improving: The relative fall of the score below its best in the last quarter of the training is 0.2, "
        "above 0.1. Train longer: give it a larger budget."
    )
    poor = images(precision=0.55)
    assert trial(poor, FALLING).name == "still_improving"
    for scores, how in ((DESCENT, "hardly falls"), (RISING, "does not fall")):
        found = trial(poor, scores)
        assert found.name == "unlike_real_images"
        assert found.sentence.startswith("Unlike real images: The precision is 0.55, below 0.56")
        assert found.sentence.endswith(f" Its score {how}, so a longer training alone is unlikely to help: {CHANGE}.")
    alone = evidence_to_verdict(Evidence(diagnostics=poor))
    assert alone.name == "unlike_real_images"
    assert alone.sentence.endswith(" There are too few evaluations to tell whether a longer training would help.")
    assert "onger" not in trial().sentence


@pytest.mark.parametrize(
    ("scores", "still_falls"),
    [
        ((100.0, 57.6, 80.0, 90.0, 69.0), False),  # it comes back from a rise
        ((100.0, 57.6, 80.0, 60.0, 50.0), True),  # to a new best score
        ((100.0, 57.6, 59.5, 90.0, 99.3), False),
        ((100.0, 57.6, 90.0, 57.0, 56.0), False),  # a new best score, but by little
        ((60.0, 57.6, 50.0, 44.0), True),
    ],
)
def test_a_curve_that_comes_back_from_a_rise_does_not_fall_yet(scores: tuple[float, ...], still_falls: bool) -> None:
    (finding,) = (f for f in trial(scores=scores).findings if f.name == "still_falling")
    assert finding.fires is still_falls, finding.sentence


# Of letters at 16 pixels under hinge loss and spectral normalisation: grey noise, of which a classifier thinks well.
IDLE = (4309.0, 4270.0, 4100.0, 4002.0, 3990.0, 3840.0, 3833.0)
GREY_NOISE = images(support=42.0, coverage=0.01, vendi=1.0, pixel_distance=47.9)


def test_a_generator_that_has_not_begun_to_learn_has_not_collapsed() -> None:
    found = trial(GREY_NOISE, IDLE)
    assert found.name == "not_learning"
    assert {f.name for f in found.decisive if f.fires} == {"near_untrained"}
    assert found.sentence.startswith(
        "Not learning: The best score so far, over that of the untrained generator, is 0.8895, above 0.8."
    )
    assert found.sentence.endswith(f" Its score has begun to fall: train longer, or {CHANGE}.")
    stuck = trial(GREY_NOISE, (4309.0, 4300.0, 4290.0, 4310.0))
    assert stuck.sentence.endswith(
        f" Its score does not fall, so a longer training alone is unlikely to help: {CHANGE}."
    )
    # The same images of a generator that had learned before.
    assert trial(GREY_NOISE, (4309.0, 400.0, 300.0, 3833.0)).name == "total_collapse"
    assert evidence_to_verdict(Evidence(diagnostics=GREY_NOISE)).name == "total_collapse"  # no score is known


@pytest.mark.parametrize(
    ("verdict", "decisive"),
    [
        (trial(images(support=1.0, duplicates=1.0), IDLE), {"support_total", "repeats"}),
        (trial(images(support=5.0, variation=0.05), IDLE), {"support_total", "variation_total"}),
        (trial(GREY_NOISE, IDLE, duplicates=0.6), {"support_total"}),
        (trial(GREY_NOISE, IDLE, latent_sensitivity=0.004), {"support_total"}),
    ],
)
def test_one_image_is_a_collapse_whatever_it_scores(verdict: Verdict, decisive: set[str]) -> None:
    assert verdict.name == "total_collapse"
    assert {f.name for f in verdict.findings if f.fires} >= decisive


def test_a_trial_is_compared_with_its_own_start_where_that_is_known() -> None:
    def share(scores: tuple[float, ...], first_nimg: int = 0) -> float | None:
        records = [evaluation(first_nimg + 1000 * i, score) for i, score in enumerate(scores)]
        found = evidence_to_verdict(trial_evidence(None, records, OBJECTIVE))
        return {f.name: f.value for f in found.findings}["near_untrained"]

    assert share((500.0, 400.0, 450.0)) == 0.8
    assert share((400.0, 450.0), first_nimg=1000) == pytest.approx(400 / OBJECTIVE.untrained_score)
    assert share((500.0,)) is None  # it has not been trained
    no_start = trial_evidence(None, [evaluation(1000, 450.0)])
    assert {f.name: f.value for f in evidence_to_verdict(no_start).findings}["near_untrained"] is None


def test_an_idle_generator_has_lost_nothing_late() -> None:
    found = trial(GREY_NOISE, (100.0, 85.0, 90.0, 130.0))
    assert found.name == "not_learning"
    assert not found.late_collapse
    assert "snapshot" not in found.sentence


def test_late_collapse_is_told_beside_any_verdict() -> None:
    late = trial(scores=(*DESCENT[:-1], 30.0))
    assert late.late_collapse
    assert late.name == "healthy"
    assert "take the snapshot of its best evaluation, at 70,000 images, or let the best count" in late.sentence
    assert trial(images(support=50.0), scores=(*DESCENT[:-1], 30.0)).late_collapse
    assert not trial(scores=(*DESCENT[:-1], 24.0)).late_collapse


def test_what_was_not_measured_leaves_the_verdict_open() -> None:
    without = trial(images(c_t=None, ndb=None))
    assert without.name == "inconclusive"
    assert {f.name for f in without.decisive} == {"c_t", "ndb_partial"}
    assert "was not measured" in without.sentence
    assert evidence_to_verdict(Evidence()).name == "inconclusive"
    short = trial(scores=(100.0, 40.0))
    assert short.name == "inconclusive"
    assert {f.name for f in short.decisive} == {"still_falling"}
    few = images().model_copy(update={"num": 499})
    assert trial(few).name == "inconclusive"


def test_a_bare_set_of_images_needs_no_training() -> None:
    assert evidence_to_verdict(Evidence(diagnostics=images())).name == "healthy"
    assert evidence_to_verdict(Evidence(diagnostics=images(coverage=0.5))).name == "partial_collapse"


def test_a_lost_last_score_is_no_late_collapse() -> None:
    assert not trial(scores=(*DESCENT, None)).late_collapse


def test_thresholds_can_be_set() -> None:
    evidence = Evidence(diagnostics=images(coverage=0.71))
    assert evidence_to_verdict(evidence, Thresholds(coverage_partial=0.7)).name == "healthy"
    (finding,) = (f for f in evidence_to_verdict(evidence).findings if f.name == "coverage_partial")
    assert finding.threshold == pytest.approx(0.75 * 0.96, rel=1e-12)
    assert (finding.value, finding.control, finding.direction) == (0.71, 0.96, "below")
    assert "Naeem" in finding.source


def test_small_support_is_noted_where_it_decides_nothing() -> None:
    verdict = trial(images(support=5900.0))
    assert verdict.name == "healthy"
    assert {f.name for f in verdict.findings if f.fires} == {"support_low"}
    assert "support_low" not in {f.name for f in trial(images(support=6100.0)).findings if f.fires}


@pytest.mark.parametrize(
    ("value", "direction", "threshold", "fires", "sentence"),
    [
        (0.5, "below", 0.7, True, "The share is 0.5, below 0.7 (as many held-out real images: 0.9)."),
        (0.7, "below", 0.7, False, "The share is 0.7, not below 0.7 (as many held-out real images: 0.9)."),
        (0.8, "above", 0.7, True, "The share is 0.8, above 0.7 (as many held-out real images: 0.9)."),
        (None, "above", 0.7, False, "The share was not measured."),
        (0.8, "above", None, False, "The share was not measured."),
    ],
)
def test_a_finding_says_what_it_found(
    value: float | None, direction: Any, threshold: float | None, fires: bool, sentence: str
) -> None:
    finding = make_finding("share", "the share", value, direction, threshold, "us", 0.9)
    assert (finding.fires, finding.sentence) == (fires, sentence)
    assert (finding.what, finding.note) == ("share", "")


def test_a_note_becomes_a_part_of_the_sentence() -> None:
    finding = make_finding("share", "the share, over one,", 0.5, "below", 0.7, "us", 1.4, "0.5 of the control")
    assert finding.note == "0.5 of the control"
    assert finding.what == "share, over one"
    assert finding.sentence == (
        "The share, over one, is 0.5, below 0.7 (0.5 of the control; as many held-out real images: 1.4)."
    )
    alone = make_finding("share", "the share", 0.5, "below", 0.7, "us", note="a ratio")
    assert alone.sentence == "The share is 0.5, below 0.7 (a ratio)."


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("coverage_total", "0.15 of the control"),
        ("vendi_total", "1 more than 0.25 of the control less 1"),
        ("ndb_partial", "0.1 more than the control"),
        ("score_reversals", "that is, 2 or more"),
        ("latent_sensitivity", "a ratio; metrics.jsonl has the values themselves"),
        ("missing_classes", "that is, 1 or more; 3 standard deviations above what chance misses is less"),
        # 0.15 million is less than ten draws of 500 can tell, which is 0.4 million.
        ("support_total", ""),
        ("support_low", "threshold: a tenth of the 60,000 training images"),
        ("c_t", ""),
    ],
)
def test_what_is_no_setting_as_it_stands_has_a_note(name: str, note: str) -> None:
    classes = Classes(num_modes=MeasureWithControl(value=10, control=10), kl=None, missing=(), missing_by_chance=1e-3)
    verdict = trial(images().model_copy(update={"classes": classes}))
    assert {f.name: f.note for f in verdict.findings}[name] == note


def test_missing_classes_by_chance_have_a_note() -> None:
    classes = Classes(num_modes=MeasureWithControl(value=90, control=96), kl=None, missing=(), missing_by_chance=4.0)
    verdict = trial(images().model_copy(update={"classes": classes}))
    (finding,) = (f for f in verdict.findings if f.name == "missing_classes")
    assert (finding.threshold, finding.note) == (10.0, "3 standard deviations above what chance misses")
