"""The distance in pixels, beside held-out images of the same classes."""

import numpy as np
import pytest

from gan_study.diagnosis.measures.pixel_distance import fit_pixel_reference, images_to_pixel_distance

NEAR, FAR = 3, 30


def grey(*levels: int) -> np.ndarray:
    """Images of one level each."""
    return np.array(levels, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones((1, 4, 4), np.uint8)


TRAIN = grey(0, 100)
HELD_OUT = grey(*(100 + NEAR,) * 3, *(FAR,) * 2)
LABELS = np.array([1, 1, 1, 0, 0])
"""Held-out images of the class 0 lie ten times as far from training images as those of the class 1."""


@pytest.mark.parametrize(
    ("images", "labels", "value", "control"),
    [
        (grey(100 + NEAR, 105, 104), np.array([1, 1, 1]), 4, NEAR),
        (grey(FAR, 31, 29), np.array([0, 0, 0]), FAR, FAR),
        (grey(FAR, 31, 29), None, FAR, NEAR),  # without labels, beside all of them
        (grey(FAR, 29, 31, 103, 104), np.array([0, 0, 0, 1, 1]), 29, FAR),
        (grey(FAR, 31, 29), np.array([2, 2, 2]), FAR, NEAR),  # no held-out image is of that class
    ],
)
def test_the_control_has_the_classes_of_the_generated_images(
    images: np.ndarray, labels: np.ndarray | None, value: float, control: float
) -> None:
    found = images_to_pixel_distance(images, labels, fit_pixel_reference(TRAIN, HELD_OUT, LABELS))
    assert (found.value, found.control) == pytest.approx((value, control), rel=1e-6)


def test_without_a_classifier_all_held_out_images_count_alike() -> None:
    found = images_to_pixel_distance(grey(FAR), np.array([0]), fit_pixel_reference(TRAIN, HELD_OUT, None))
    assert (found.value, found.control) == pytest.approx((FAR, NEAR), rel=1e-6)
