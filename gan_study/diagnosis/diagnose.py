"""All measures of a set of generated images, each with its control."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_study.diagnosis.measures.birthday import RealPairs, birthday_test, fit_real_pairs
from gan_study.diagnosis.measures.draws import MOST_PAIRED
from gan_study.diagnosis.measures.image_signals import (
    duplicate_share,
    level_deviation,
    pairwise_distance_ratio,
    variation_share,
)
from gan_study.diagnosis.measures.memorisation import (
    CopyReference,
    Memorisation,
    features_to_memorisation,
    fit_copy_reference,
)
from gan_study.diagnosis.measures.modes import LostClasses, Shares, lost_classes
from gan_study.diagnosis.measures.ndb import Bins, features_to_ndb, fit_bins
from gan_study.diagnosis.measures.neighbours import Neighbours
from gan_study.diagnosis.measures.pixel_distance import (
    PixelReference,
    fit_pixel_reference,
    flatten_images,
    images_to_pixel_distance,
)
from gan_study.metrics.class_histogram import labels_to_class_histogram
from gan_study.metrics.prdc import Radii, features_to_prdc, prdc_radii
from gan_study.metrics.statistics import Features
from gan_study.metrics.vendi import features_to_vendi_score
from gan_study.runs.records.diagnosis import Classes, Diagnostics, MeasureWithControl

LEAST_MEASURED = 40
"""With fewer images, only NaN and infinity are looked for; two bins of 20 images are the least that can be filled."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with the features and classes that a diagnosis needs."""

    features: Features
    """(N, d) features of any float type."""
    images: NDArray[np.uint8] | None = None
    """(N, ...) in [0, 255], in the order of the features; None if not available."""
    labels: NDArray[np.integer[Any]] | None = None
    """(N,) class that the classifier gives each image; None without a classifier."""

    def part(self, rows: NDArray[np.integer[Any]]) -> "ImageSet":
        """The images of the chosen rows."""
        return ImageSet(
            self.features[rows],
            None if self.images is None else self.images[rows],
            None if self.labels is None else self.labels[rows],
        )


@dataclass(frozen=True, eq=False)
class RealReference:
    """Real images prepared for comparison with generated ones, and the control of each measure."""

    num: int
    """Images in each measure."""
    num_train: int
    """Training images among which neighbours are searched."""
    near: Features
    """(num, d) training features with the neighbourhoods for precision, recall, density and coverage."""
    near_radii: tuple[Radii, Radii]
    """Radii of these neighbourhoods, for both numbers of neighbours."""
    near_pixels: PixelReference | None
    """Pixel distances of held-out images to these training images; None without images."""
    bins: Bins
    """Bins of the training images."""
    copies: CopyReference
    """All training images, and distances of the test part to them."""
    feature_pairs: RealPairs
    """Distances between training images in feature space."""
    pixel_pairs: RealPairs | None
    """Distances between training images in pixels; None without images."""
    real_shares: Shares | None
    """(K,) expected share of each class; None without labels."""
    confusion: NDArray[np.floating[Any]] | None
    """(K, K) errors of the classifier; see `modes.lost_classes`."""
    controls: Mapping[str, float | None]
    """Each measure of held-out images in place of generated ones."""


@dataclass(frozen=True, eq=False)
class FoundNeighbours:
    """The nearest training images of generated ones."""

    rows: NDArray[np.int64]
    """(num,) numbers of the measured generated images, in random order."""
    neighbours: Neighbours
    """(num, 1) nearest training image of each, in this order."""


def diagnose(
    generated: ImageSet,
    train: ImageSet,
    held_out: ImageSet,
    *,
    real_shares: Shares | None = None,
    confusion: NDArray[np.floating[Any]] | None = None,
    seed: int = 0,
) -> Diagnostics:
    """Call `prepare_reference` and `measure_images` with as many images as are available on all sides.

    This number is the smallest of the numbers of generated images, training images, and half the held-out images. Below
    40 nothing is measured.
    """
    num = min(len(generated.features), len(train.features), len(held_out.features) // 2)
    if num < LEAST_MEASURED:
        return Diagnostics(num=num, num_train=len(train.features), non_finite=_non_finite(generated))
    return measure_images(
        generated, prepare_reference(train, held_out, num, real_shares=real_shares, confusion=confusion, seed=seed)
    )


def prepare_reference(
    train: ImageSet,
    held_out: ImageSet,
    num: int,
    *,
    real_shares: Shares | None = None,
    confusion: NDArray[np.floating[Any]] | None = None,
    seed: int = 0,
) -> RealReference:
    """Prepare the comparison of `num` generated images; once for all generators of a study.

    A random `num` of the held-out images are the control, in place of generated ones; `num` others are the test part of
    memorisation. `num` training images are the reference of precision, recall, density and coverage; neighbours are
    searched among all training images. The training images must be those that the generator learned from, and the
    held-out ones must be others. real_shares: (K,) expected share of each class; by default that of the training
    images' labels, which must then include each class. confusion: (K, K), see `modes.lost_classes`. Raises ValueError
    if there are too few images, or features are not finite.
    """
    if not LEAST_MEASURED <= num <= min(len(train.features), len(held_out.features) // 2):
        raise ValueError(
            f"diagnosis: it needs from {LEAST_MEASURED} images to as many as training and half the held-out ones, but "
            f"got num={num}, num_train={len(train.features)}, num_held_out={len(held_out.features)}; change the number"
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(held_out.features))
    control, test = held_out.part(order[:num]), held_out.part(order[num : 2 * num])
    num_paired = min(num, MOST_PAIRED)
    near = train.part(rng.permutation(len(train.features))[:num])
    if real_shares is None and train.labels is not None:
        real_shares = np.bincount(train.labels) / len(train.labels)
    lost = _lost_classes(control, real_shares, confusion)
    fitted = RealReference(
        num=num,
        num_train=len(train.features),
        near=near.features,
        near_radii=prdc_radii(near.features),
        near_pixels=None
        if near.images is None or control.images is None
        else fit_pixel_reference(near.images, control.images, control.labels),
        bins=fit_bins(train.features, num, seed),
        copies=fit_copy_reference(train.features, test.features, seed),
        feature_pairs=fit_real_pairs(train.features, num_paired, seed),
        pixel_pairs=None if train.images is None else fit_real_pairs(flatten_images(train.images), num_paired, seed),
        real_shares=real_shares,
        confusion=confusion,
        controls={},
    )
    copies = features_to_memorisation(control.features, fitted.copies)
    return replace(fitted, controls={**_values(control, fitted, copies), "left": lost.left if lost else None})


def measure_images(generated: ImageSet, reference: RealReference, seed: int = 0) -> Diagnostics:
    """Measure a random part, as large as the control, of at least as many generated images.

    Features that are not finite are a result, not an error. Labels must be below the number of classes.
    """
    return measure_images_and_neighbours(generated, reference, seed)[0]


def measure_images_and_neighbours(
    generated: ImageSet, reference: RealReference, seed: int = 0
) -> tuple[Diagnostics, FoundNeighbours | None]:
    """`measure_images`, and the nearest training image of each measured image; None if features are not finite."""
    num = reference.num
    assert len(generated.features) >= num, f"{len(generated.features)} images, a control of {num}"
    non_finite = _non_finite(generated)
    if non_finite:
        return Diagnostics(num=num, num_train=reference.num_train, non_finite=non_finite), None
    rows = np.random.default_rng(seed).permutation(len(generated.features))[:num]
    chosen = generated.part(rows)
    copies = features_to_memorisation(chosen.features, reference.copies)
    pairs = {
        name: MeasureWithControl(value=value, control=control)
        for name, value in _values(chosen, reference, copies).items()
        if value is not None and (control := reference.controls.get(name)) is not None
    }
    diagnostics = Diagnostics(
        num=num,
        num_train=reference.num_train,
        classes=_classes(chosen, reference, pairs.pop("num_modes", None), pairs.pop("kl", None)),
        pixel_distance=None
        if chosen.images is None or reference.near_pixels is None
        else images_to_pixel_distance(chosen.images, chosen.labels, reference.near_pixels),
        **pairs,
    )
    return diagnostics, FoundNeighbours(rows, copies.neighbours)


def _non_finite(generated: ImageSet) -> tuple[str, ...]:
    return () if np.isfinite(generated.features).all() else ("features",)


def _values(sample: ImageSet, real: RealReference, copies: Memorisation) -> dict[str, float | None]:
    """Every measure by its name in `Diagnostics` or `Classes`; None if it does not exist."""
    features, images = sample.features, sample.images
    prdc = features_to_prdc(features, real.near, real_radii=real.near_radii)
    ndb = features_to_ndb(features, real.bins)
    values = {
        "level_deviation": None if images is None else level_deviation(images),
        "duplicates": None if images is None else duplicate_share(images),
        "variation": None if images is None else variation_share(images),
        "pairwise_distance": pairwise_distance_ratio(features[:MOST_PAIRED], real.near[:MOST_PAIRED]),
        "precision": prdc.precision,
        "recall": prdc.recall,
        "density": prdc.density,
        "coverage": prdc.coverage,
        "vendi": features_to_vendi_score(features) if features.any(axis=1).all() else None,
        "support": _support(sample, real),
        "ndb": ndb.share,
        "bins_jensen_shannon": ndb.jensen_shannon,
        "c_t": copies.c_t,
        "authenticity": copies.authenticity,
        "near_copies": copies.near_copies,
        "nearest_distance": copies.median_distance_ratio,
    }
    if sample.labels is not None and real.real_shares is not None:
        histogram = labels_to_class_histogram(sample.labels, real.real_shares)
        values |= {"num_modes": histogram.num_modes, "kl": histogram.kl}
    return values


def _support(sample: ImageSet, real: RealReference) -> float:
    """Number of different images: the larger of the numbers in feature space and in pixels.

    Images that differ in either are different: a classifier maps all noise to about the same features, and blurred
    images are close together in pixels.
    """
    support = birthday_test(sample.features, real.feature_pairs).support
    if sample.images is None or real.pixel_pairs is None:
        return support
    return max(support, birthday_test(flatten_images(sample.images), real.pixel_pairs).support)


def _classes(
    sample: ImageSet, real: RealReference, num_modes: MeasureWithControl | None, kl: MeasureWithControl | None
) -> Classes | None:
    lost, control = _lost_classes(sample, real.real_shares, real.confusion), real.controls["left"]
    if lost is None or control is None or num_modes is None:
        return None
    return Classes(
        num_modes=num_modes,
        kl=kl,
        missing=lost.missing,
        missing_by_chance=lost.missing_by_chance,
        left=MeasureWithControl(value=lost.left, control=control),
    )


def _lost_classes(
    sample: ImageSet, real_shares: Shares | None, confusion: NDArray[np.floating[Any]] | None
) -> LostClasses | None:
    if sample.labels is None or real_shares is None:
        return None
    return lost_classes(sample.labels, real_shares, confusion)
