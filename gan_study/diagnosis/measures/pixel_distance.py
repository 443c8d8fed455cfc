"""Pixel distances of images to training images, compared with those of held-out images of the same classes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.diagnosis.measures.draws import MOST_PAIRED
from gan_study.diagnosis.measures.modes import Labels
from gan_study.diagnosis.measures.neighbours import Distances, nearest_neighbours
from gan_study.metrics.statistics import Features
from gan_study.runs.records.diagnosis import MeasureWithControl


@dataclass(frozen=True, eq=False)
class PixelReference:
    """Training images, and pixel distances of held-out images to them. Made by `fit_pixel_reference`."""

    near: Features
    """(R, p) values of up to 1000 training images."""
    control: Distances
    """(C,) distance of up to 1000 held-out images to the nearest of these, in levels."""
    control_labels: Labels | None
    """(C,) class that the classifier gives each held-out image; None without a classifier."""


def flatten_images(images: NDArray[np.uint8]) -> Features:
    """Images (N, ...) as vectors (N, p)."""
    return images.reshape(len(images), -1).astype(np.float32)


def fit_pixel_reference(
    train: NDArray[np.uint8], held_out: NDArray[np.uint8], held_out_labels: Labels | None
) -> PixelReference:
    """Prepare the first 1000 of the training images (M, ...), and of the held-out ones (N, ...) with their labels."""
    near, labels = flatten_images(train[:MOST_PAIRED]), held_out_labels
    return PixelReference(near, _distances(held_out, near), None if labels is None else labels[:MOST_PAIRED])


def images_to_pixel_distance(
    images: NDArray[np.uint8], labels: Labels | None, reference: PixelReference
) -> MeasureWithControl:
    """Median root mean square difference of the first 1000 images (N, ...) to their nearest training images, in levels.

    Images that are realistic to a classifier need not look realistic: it may map noise among real images. The control
    is the median of the held-out images, weighted to the class shares of the generated ones, since twos alone are
    farther from other digits than all digits are (1.2 times as far on MNIST).
    """
    value = float(np.median(_distances(images, reference.near)))
    weights = np.ones(len(reference.control))
    if labels is not None and reference.control_labels is not None:
        num_classes = 1 + max(labels.max(), reference.control_labels.max())
        wanted = np.bincount(labels[:MOST_PAIRED], minlength=num_classes)
        known = np.bincount(reference.control_labels, minlength=num_classes)
        matched = np.divide(wanted, known, out=np.zeros(num_classes), where=known > 0)[reference.control_labels]
        weights = matched if matched.any() else weights
    return MeasureWithControl(value=value, control=_weighted_median(reference.control, weights))


def _distances(images: NDArray[np.uint8], near: Features) -> Distances:
    nearest = nearest_neighbours(flatten_images(images[:MOST_PAIRED]), near).distances[:, 0]
    root_mean_squares: Distances = nearest / np.sqrt(near.shape[1])
    return root_mean_squares


def _weighted_median(values: Distances, weights: NDArray[np.float64]) -> float:
    """The least value with at least half the weight at or below it."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])
