from dataclasses import replace

import numpy as np
import pytest
from support.planted import NUM_CLASSES, draw, image_set, noise, pool, with_copies
from support.present import present

from gan_study.diagnosis.diagnose import ImageSet, diagnose, measure_images, prepare_reference
from gan_study.diagnosis.evidence import Evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.runs.records.diagnosis import Diagnostics, MeasureWithControl, Verdict

NUM = 500
TRAIN = image_set(draw(1500, seed=100))
HELD_OUT = image_set(draw(2 * NUM, seed=101))
REFERENCE = prepare_reference(TRAIN, HELD_OUT, NUM)


def verdict_of(generated: ImageSet) -> Verdict:
    return evidence_to_verdict(Evidence(diagnostics=measure_images(generated, REFERENCE)))


@pytest.mark.parametrize("seed", range(4))
def test_fresh_real_images_are_healthy(seed: int) -> None:
    verdict = verdict_of(image_set(draw(NUM, seed)))
    assert verdict.name == "healthy", verdict.sentence
    assert not [f.name for f in verdict.findings if f.fires]


@pytest.mark.parametrize(
    ("features", "name"),
    [
        (draw(NUM, 1, num_classes=1, spread=0.7), "total_collapse"),
        (pool(1, NUM, 2), "total_collapse"),
        (pool(50, NUM, 2), "total_collapse"),
        (pool(500, NUM, 2), "partial_collapse"),
        (with_copies(TRAIN.features, 0.1, NUM, 3), "possible_memorisation"),
        (with_copies(TRAIN.features, 0.5, NUM, 3), "possible_memorisation"),
        (with_copies(TRAIN.features, 1.0, NUM, 3), "possible_memorisation"),
        (noise(NUM, 4), "unlike_real_images"),
        (draw(NUM, 5, spread=0.5), "shrunken_modes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_planted_failures_are_named(features: np.ndarray, name: str) -> None:
    assert verdict_of(image_set(features)).name == name


@pytest.mark.parametrize("num_classes", [10, 9, 8, 5, 2, 1])
def test_lost_classes_are_named_and_coverage_is_their_share(num_classes: int) -> None:
    verdict = verdict_of(image_set(draw(NUM, 6, num_classes=num_classes)))
    assert verdict.name == {NUM_CLASSES: "healthy", 1: "total_collapse"}.get(num_classes, "partial_collapse")
    assert verdict.missing_classes == tuple(str(k) for k in range(num_classes, NUM_CLASSES))
    (coverage,) = (f for f in verdict.findings if f.name == "coverage_partial")
    assert coverage.value is not None
    assert coverage.control is not None
    # A generator of fewer classes fills each more densely, and so covers slightly more than their share.
    assert coverage.value / coverage.control == pytest.approx(num_classes / NUM_CLASSES, abs=0.08)


def test_lost_classes_show_without_labels_and_images() -> None:
    bare = [ImageSet(images.features) for images in (image_set(draw(NUM, 6, num_classes=7)), TRAIN, HELD_OUT)]
    verdict = evidence_to_verdict(Evidence(diagnostics=diagnose(*bare)))
    assert verdict.name == "partial_collapse"
    assert [f.name for f in verdict.decisive] == ["coverage_partial", "unrealistic", "unlike"]


def test_infinite_features_are_a_divergence() -> None:
    features = draw(NUM, 7)
    features[17, 3] = np.nan
    measured = measure_images(ImageSet(features), REFERENCE)
    assert measured.non_finite == ("features",)
    assert measured.coverage is None
    verdict = evidence_to_verdict(Evidence(diagnostics=measured))
    assert verdict.name == "diverged"
    assert "(features)" in verdict.sentence


def test_images_of_one_flat_colour_are_a_divergence() -> None:
    generated = image_set(draw(NUM, 8))
    flat = replace(generated, images=np.full((NUM, 8, 8), 255, np.uint8))
    verdict = verdict_of(flat)
    assert verdict.name == "diverged"
    assert [f.name for f in verdict.decisive] == ["saturated", "repeats"]


def test_few_samples_leave_a_good_generator_inconclusive_and_name_a_bad_one() -> None:
    few = prepare_reference(TRAIN, image_set(draw(300, seed=102)), num=150)
    healthy, bad = (
        evidence_to_verdict(Evidence(diagnostics=measure_images(image_set(features), few)))
        for features in (draw(NUM, 9), draw(NUM, 9, num_classes=3))
    )
    assert healthy.name == "inconclusive"
    assert [f.name for f in healthy.decisive] == ["few_samples"]
    assert bad.name == "partial_collapse"


def test_too_few_samples_to_measure_anything_are_inconclusive() -> None:
    generated = image_set(draw(30, 9))
    verdict = evidence_to_verdict(Evidence(diagnostics=diagnose(generated, TRAIN, HELD_OUT)))
    assert verdict.name == "inconclusive"
    assert {"few_samples", "unrealistic", "c_t"} <= {f.name for f in verdict.decisive}
    with pytest.raises(ValueError, match="num=501, num_train=1500, num_held_out=1000"):
        prepare_reference(TRAIN, HELD_OUT, 501)


def test_every_measure_has_a_control_of_as_many_images_and_order_does_not_matter() -> None:
    generated = image_set(draw(2 * NUM, 10))
    measured = diagnose(generated, TRAIN, HELD_OUT)
    assert measured.num == NUM
    assert measured == measure_images(generated, REFERENCE)
    pairs = {name: value for name, value in measured if isinstance(value, MeasureWithControl)}
    assert set(pairs) == {
        name for name, field in Diagnostics.model_fields.items() if field.annotation == MeasureWithControl | None
    }
    assert measured.classes is not None
    assert (measured.classes.num_modes.value, measured.classes.num_modes.control) == (10, 10)
    # A part taken from the front of images sorted by class would miss half the classes.
    by_class = measure_images(generated.part(np.argsort(present(generated.labels))), REFERENCE)
    assert present(by_class.coverage).value == pytest.approx(pairs["coverage"].value, abs=0.04)


def test_the_control_of_memorisation_is_not_the_test_part() -> None:
    # Held against themselves, images have a C_T of exactly 0 and a distance ratio of exactly 1.
    assert REFERENCE.controls["c_t"] not in (0, None)
    assert REFERENCE.controls["nearest_distance"] not in (1, None)


def test_images_that_differ_in_their_pixels_alone_are_different() -> None:
    features = np.full((NUM, 16), 100.0) + 1e-3 * draw(NUM, 13)
    different = np.random.default_rng(14).integers(256, size=(NUM, 8, 8), dtype=np.uint8)
    assert verdict_of(ImageSet(features, different)).name == "unlike_real_images"
    assert verdict_of(ImageSet(features, np.repeat(different[:5], NUM // 5, axis=0))).name == "total_collapse"


def test_noise_that_a_classifier_maps_amid_real_images_has_not_collapsed() -> None:
    one_class = image_set(draw(NUM, 1, num_classes=1, spread=0.7))
    verdict = verdict_of(one_class)
    assert verdict.name == "total_collapse"
    assert "unlike_pixels" in {f.name for f in verdict.decisive}
    noisy = np.random.default_rng(15).integers(256, size=present(one_class.images).shape, dtype=np.uint8)
    verdict = verdict_of(replace(one_class, images=noisy))
    assert verdict.name == "unlike_real_images"
    assert [f.name for f in verdict.decisive] == ["unlike_pixels"]
    assert verdict.missing_classes == ()


def test_a_zero_feature_vector_leaves_only_the_vendi_score_out() -> None:
    features = draw(NUM, 11)
    features[0] = 0
    verdict = verdict_of(replace(image_set(draw(NUM, 11)), features=features))
    assert verdict.name == "healthy"
    lacking = {f.name for f in verdict.findings if f.value is None}
    assert "vendi_total" in lacking
    assert "coverage_total" not in lacking


def test_evidence_and_verdict_survive_their_file() -> None:
    evidence = Evidence(diagnostics=measure_images(image_set(pool(50, NUM, 12)), REFERENCE))
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence
    verdict = evidence_to_verdict(evidence)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
