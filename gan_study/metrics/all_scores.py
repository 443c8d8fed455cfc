"""All scores of one collection of images against another, as far as the data allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gan_study.errors import InputError
from gan_study.metrics.class_histogram import ClassHistogram, counts_to_class_histogram
from gan_study.metrics.fid_infinity import FrechetInfinity, features_to_frechet_infinity
from gan_study.metrics.frechet import (
    FrechetDistance,
    FrechetReference,
    gaussian_to_frechet_distance,
    gaussian_to_reference,
    reference_floor,
)
from gan_study.metrics.frechet_floor import floor_is_rough
from gan_study.metrics.inception_score import InceptionScore, probabilities_to_inception_score
from gan_study.metrics.kid import features_to_kernel_distance
from gan_study.metrics.mind import features_to_mind
from gan_study.metrics.prdc import Prdc, features_to_prdc, prdc_control
from gan_study.metrics.statistics import Features, Gaussian, features_to_stats
from gan_study.metrics.vendi import features_to_vendi_score

MOST_NEIGHBOURS = 10_000
"""Most images of each side in nearest-neighbour scores, since time grows with their square (Naeem et al. 2020)."""
_KERNEL_SUBSET, _KERNEL_SUBSETS = 1000, 100
"""Images in a subset, and number of subsets, as usual in the field."""
NUM_SCORES = 6
"""Steps that `sides_to_scores` reports: distances, infinity, kernel distance, MIND, neighbours, classes."""
_NO_FEATURES = "a file of statistics has no features of single images"

Probabilities = NDArray[np.floating[Any]]
"""(N, num_classes) class probabilities; each row has the sum 1."""

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Side:
    """Features and class probabilities of one collection of images."""

    gaussian: Gaussian
    features: Features | None = None
    """(N, d) in any order; None if only their statistics are known."""
    probabilities: Probabilities | None = None
    """Class probabilities; None if the extractor knows no classes."""


@dataclass(frozen=True)
class VendiScores:
    """The Vendi scores of the generated images and of as many real ones."""

    generated: float
    real: float


@dataclass(frozen=True)
class KernelScore:
    """The kernel distance and the subsets behind it."""

    mean: float
    std: float | None
    """Standard deviation over subsets; None if one subset holds all images."""
    subset_size: int
    num_subsets: int


@dataclass(frozen=True)
class MindScore:
    """The Monge inception distance to one half of the real images, and that of the other half to it."""

    value: float
    real: float
    num: int
    """Images of each side, since the distance of few images is larger."""


@dataclass(frozen=True)
class NeighbourScores:
    """Scores that compare only with a control of as many images."""

    num: int
    """Images of each side; a random part of the larger side."""
    scores: Prdc
    """Precision, recall, density and coverage."""
    control: Prdc | None
    """Scores of one half of the real images against the other; None if there are fewer than 2 num."""
    vendi: VendiScores | None
    """Vendi scores; None if a feature vector is zero."""


@dataclass(frozen=True)
class ClassScores:
    """Scores from an extractor with classes."""

    inception_score: InceptionScore
    """Inception-type score of the generated images."""
    real_inception_score: InceptionScore
    """Inception-type score of the real images."""
    histogram: ClassHistogram
    """Classes of the generated images compared with those of the real ones."""
    real_shares: tuple[float, ...]
    """Share of each class among the real images, by the same classifier."""


@dataclass(frozen=True)
class AllScores:
    """All scores. A score that is not available is None, with the reason in `missing`."""

    frechet_distance: float
    """The Frechet distance, lower is better. It is never clamped at 0, although rounding can make it negative."""
    terms: FrechetDistance
    """The two terms whose sum it is."""
    floor: float | None
    """Expected score of as many images from a perfect generator; None if a number of images is not known."""
    floor_is_rough: bool
    """True if a side has fewer than 4 d images, for which the floor's formula is off by more than about 4 %."""
    draws: tuple[float, ...] | None
    """The distance for each draw of latents, starting with `frechet_distance`; None without fresh draws."""
    infinity: FrechetInfinity | None
    """The distance extrapolated to infinitely many generated images."""
    kernel: KernelScore | None
    """The kernel distance; it is the KID if the Frechet distance is the FID."""
    mind: MindScore | None
    """The Monge inception distance; it is called MIND if the Frechet distance is the FID."""
    neighbours: NeighbourScores | None
    """Precision, recall, density, coverage and Vendi scores."""
    classes: ClassScores | None
    """Scores from classes; None if the extractor knows no classes."""
    missing: dict[str, str]
    """Reason for each score that is None, by its name here."""


def features_to_side(features: Features, probabilities: Probabilities | None, whose: str) -> Side:
    """The side with these features. Raises InputError, with `whose`, unless there are at least two and all are
    finite."""
    if len(features) < 2:
        raise InputError(f"{whose}: there must be at least 2 images, but got num={len(features)}; give more")
    num_bad = len(features) - int(np.isfinite(features).all(axis=1).sum())
    if num_bad:
        raise InputError(
            f"{whose}: the features of all images must be finite, but got num_non_finite={num_bad} of "
            f"{len(features)}; check the extractor's weights"
        )
    return Side(features_to_stats(features).to_gaussian(), features, probabilities)


def sides_to_scores(
    generated: Side,
    real: Side,
    draws: Sequence[Gaussian],
    seed: int,
    reference: FrechetReference | None = None,
    *,
    with_control: bool = False,
    on_score: Callable[[int], None] = lambda num: None,
) -> AllScores:
    """All scores of features of equal length. `draws` are statistics of the generator's images from other latents.

    `reference` replaces `real` in Frechet distances if `real` is only a part of its images. With a control, neighbours
    are searched in at most half of the real images, and the other half is the control. `on_score` is called with 1
    after each of `NUM_SCORES` steps.
    """

    def done(score: _T) -> _T:
        on_score(1)
        return score

    missing: dict[str, str] = {}
    most_neighbours = MOST_NEIGHBOURS
    if with_control and real.features is not None:
        most_neighbours = min(MOST_NEIGHBOURS, len(real.features) // 2)
    if reference is None:
        reference = gaussian_to_reference(real.gaussian)
    distance, num = _distance(generated.gaussian, reference), generated.gaussian.num
    if num is None or reference.num is None:
        missing["floor"] = "a file of statistics does not say how many images it is of"
    both = None
    if generated.features is not None and real.features is not None:
        both = (generated.features, real.features)
    else:
        missing |= dict.fromkeys(("kernel", "mind", "neighbours"), _NO_FEATURES)
    return AllScores(
        frechet_distance=distance.value,
        terms=distance,
        floor=None if num is None else reference_floor(reference, num),
        floor_is_rough=floor_is_rough(num or 0, reference.num or 0, len(reference.mean)),
        draws=done((distance.value, *(_distance(draw, reference).value for draw in draws)) if draws else None),
        infinity=done(_infinity(generated.features, reference, seed, missing)),
        kernel=done(_kernel(*both, seed) if both else None),
        mind=done(_mind(*both, seed, missing) if both else None),
        neighbours=done(_neighbours(*both, most_neighbours, seed, missing) if both else None),
        classes=done(_classes(generated.probabilities, real.probabilities, seed, missing)),
        missing=missing,
    )


def _distance(generated: Gaussian, reference: FrechetReference) -> FrechetDistance:
    distance = gaussian_to_frechet_distance(generated, reference)
    assert distance is not None, "the features are finite"
    return distance


def _infinity(
    generated: Features | None, reference: FrechetReference, seed: int, missing: dict[str, str]
) -> FrechetInfinity | None:
    if generated is None:
        missing["infinity"] = _NO_FEATURES
        return None
    return _attempt(missing, "infinity", lambda: features_to_frechet_infinity(generated, reference, seed=seed))


def _kernel(generated: Features, real: Features, seed: int) -> KernelScore:
    size = min(_KERNEL_SUBSET, len(generated), len(real))
    num_subsets = _KERNEL_SUBSETS if max(len(generated), len(real)) > size else 1
    score = features_to_kernel_distance(generated, real, num_subsets=num_subsets, subset_size=size, seed=seed)
    return KernelScore(score.mean, score.std if num_subsets > 1 else None, size, num_subsets)


def _mind(generated: Features, real: Features, seed: int, missing: dict[str, str]) -> MindScore | None:
    num = min(len(generated), len(real) // 2)
    order = np.random.default_rng(seed).permutation(len(real))
    reference, control = real[order[:num]], real[order[num : 2 * num]]
    return _attempt(
        missing,
        "mind",
        lambda: MindScore(
            features_to_mind(generated, reference, seed=seed), features_to_mind(control, reference, seed=seed), num
        ),
    )


def _neighbours(
    generated: Features, real: Features, most: int, seed: int, missing: dict[str, str]
) -> NeighbourScores | None:
    num = min(len(generated), len(real), most)
    random = np.random.default_rng(seed)
    ours, theirs = (
        side if len(side) == num else side[random.choice(len(side), num, replace=False)] for side in (generated, real)
    )
    scores = _attempt(missing, "neighbours", lambda: features_to_prdc(ours, theirs))
    if scores is None:
        return None
    return NeighbourScores(
        num=num,
        scores=scores,
        control=_attempt(missing, "control", lambda: prdc_control(real, num, seed=seed)),
        vendi=_attempt(
            missing, "vendi", lambda: VendiScores(features_to_vendi_score(ours), features_to_vendi_score(theirs))
        ),
    )


def _classes(
    generated: Probabilities | None, real: Probabilities | None, seed: int, missing: dict[str, str]
) -> ClassScores | None:
    if generated is None or real is None:
        missing["classes"] = "the extractor knows no classes, or a file of statistics has no images"
        return None
    random = np.random.default_rng(seed)  # a folder's images come class by class
    real_counts, counts = (
        np.bincount(values.argmax(axis=1), minlength=values.shape[1]) for values in (real, generated)
    )
    return _attempt(
        missing,
        "classes",
        lambda: ClassScores(
            inception_score=probabilities_to_inception_score(random.permutation(generated)),
            real_inception_score=probabilities_to_inception_score(random.permutation(real)),
            histogram=counts_to_class_histogram(counts, real_counts / len(real)),
            real_shares=tuple((real_counts / len(real)).tolist()),
        ),
    )


def _attempt(missing: dict[str, str], name: str, score: Callable[[], _T]) -> _T | None:
    """The score; None, with the reason in `missing`, if there are too few images for it."""
    try:
        return score()
    except ValueError as error:
        missing[name] = str(error)
        return None
