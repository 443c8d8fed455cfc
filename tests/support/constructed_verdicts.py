"""Generators made of real images, whose verdict is known before anything is measured.

The expected verdict of each case was written down here before the case was scored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_study.config.thresholds import Thresholds
from gan_study.data.datasets import Dataset
from gan_study.diagnosis.diagnose import ImageSet, RealReference, measure_images, prepare_reference
from gan_study.diagnosis.evidence import Evidence
from gan_study.diagnosis.verdict import evidence_to_verdict
from gan_study.runs.records.diagnosis import Diagnostics, Verdict, VerdictName

Look = Callable[[NDArray[np.uint8]], ImageSet]
"""Images NCHW uint8 => the same with features and labels."""
Rows = NDArray[np.int64]
NOT_FAILURES = (VerdictName.HEALTHY, VerdictName.INCONCLUSIVE)


@dataclass(frozen=True, eq=False)
class Material:
    """The images of a data set, seen by its classifier, and what each of them is for."""

    every: ImageSet
    true_labels: NDArray[np.int64]
    learned: Rows
    """The images that a generator learned from."""
    fresh: Rows
    """Images that neither it nor the classifier has seen, and that are not among the controls."""
    unlearned: Rows
    """The fresh images, and those that the classifier has seen but the generator has not."""
    reference: RealReference
    look: Look

    @property
    def num(self) -> int:
        """Images in each measure."""
        return self.reference.num


@dataclass(frozen=True)
class Case:
    """A way to generate images, and what it is to be called."""

    name: str
    expected: VerdictName
    make: Callable[[Material, np.random.Generator], ImageSet]

    @property
    def is_failure(self) -> bool:
        """True if this should be called a failure."""
        return self.expected is not VerdictName.HEALTHY


def make_material(
    dataset: Dataset, every: ImageSet, look: Look, num: int, num_learned: int, confusion: NDArray[np.float64], seed: int
) -> Material:
    """Split the images: `num_learned` training images are learned, 2 `num` held-out ones are the controls."""
    rng = np.random.default_rng([seed, 0])
    train, held_out = rng.permutation(dataset.train_indices), rng.permutation(dataset.held_out_indices)
    learned, controls, fresh = train[:num_learned], held_out[: 2 * num], held_out[2 * num :]
    reference = prepare_reference(every.part(learned), every.part(controls), num, confusion=confusion)
    unlearned = np.concatenate([fresh, train[num_learned:]])
    assert dataset.labels is not None
    return Material(every, dataset.labels, learned, fresh, unlearned, reference, look)


def score(
    case: Case, material: Material, seed: int, thresholds: Thresholds | None = None
) -> tuple[Verdict, Diagnostics]:
    """The verdict on one draw of a case, and what was measured."""
    images = case.make(material, np.random.default_rng([seed, 1]))
    diagnostics = measure_images(images, material.reference)
    return evidence_to_verdict(Evidence(diagnostics=diagnostics), thresholds), diagnostics


def _real(material: Material, rng: np.random.Generator) -> ImageSet:
    return material.every.part(rng.choice(material.fresh, material.num, replace=False))


def _classes(num_classes: int) -> Callable[[Material, np.random.Generator], ImageSet]:
    """Images of so many classes, chosen at random; all different where there are enough."""

    def make(material: Material, rng: np.random.Generator) -> ImageSet:
        kept = rng.choice(np.unique(material.true_labels), num_classes, replace=False)
        rows = material.unlearned[np.isin(material.true_labels[material.unlearned], kept)]
        return material.every.part(rng.choice(rows, material.num, replace=len(rows) < material.num))

    return make


def _pool(size: int) -> Callable[[Material, np.random.Generator], ImageSet]:
    """Draws with repetition out of `size` different images."""

    def make(material: Material, rng: np.random.Generator) -> ImageSet:
        # Those of the pool that are never drawn need no image.
        drawn, numbers = np.unique(rng.integers(size, size=material.num), return_inverse=True)
        return material.every.part(rng.choice(material.fresh, len(drawn), replace=False)[numbers])

    return make


def _copies(share: float) -> Callable[[Material, np.random.Generator], ImageSet]:
    """A number of images that copy learned ones, and fresh images for the rest."""

    def make(material: Material, rng: np.random.Generator) -> ImageSet:
        num_copied = round(share * material.num)
        copied = rng.choice(material.learned, num_copied, replace=False)
        return material.every.part(
            np.concatenate([copied, rng.choice(material.fresh, material.num - num_copied, replace=False)])
        )

    return make


def _noise(material: Material, rng: np.random.Generator) -> ImageSet:
    assert material.every.images is not None
    return material.look(rng.integers(256, size=(material.num, *material.every.images.shape[1:]), dtype=np.uint8))


def _shrunken(material: Material, rng: np.random.Generator) -> ImageSet:
    """Half as far from the mean of their class, in the features; in the pixels, too, as far as 256 levels allow."""
    real, learned = _real(material, rng), material.every.part(material.learned)
    assert real.labels is not None
    assert real.images is not None
    assert learned.labels is not None
    assert learned.images is not None
    features, images = real.features.astype(np.float64), real.images.astype(np.float64)
    for label in np.unique(real.labels):
        here, there = real.labels == label, learned.labels == label
        features[here] = (features[here] + learned.features[there].mean(axis=0)) / 2
        images[here] = (images[here] + learned.images[there].mean(axis=0)) / 2
    return ImageSet(features.astype(real.features.dtype), np.rint(images).astype(np.uint8), real.labels)


def _not_finite(material: Material, rng: np.random.Generator) -> ImageSet:
    real = _real(material, rng)
    features = real.features.copy()
    features[rng.integers(len(features))] = np.nan
    return ImageSet(features, real.images, real.labels)


HEALTHY = tuple(
    Case(f"held-out real images, {name} draw", VerdictName.HEALTHY, _real) for name in ("1st", "2nd", "3rd")
)
# Section 3.2: a support below 100 is total, below 1000 strong; below a tenth of the training images it is but noted.
CASES: Sequence[Case] = (
    *HEALTHY,
    Case("pool of 5000 images", VerdictName.HEALTHY, _pool(5000)),
    # Section 3.4: the coverage is about k / 10, and one class of ten lies below both limits of a total collapse.
    *(Case(f"{k} of 10 classes", VerdictName.PARTIAL_COLLAPSE, _classes(k)) for k in (9, 8, 5, 2)),
    Case("1 of 10 classes", VerdictName.TOTAL_COLLAPSE, _classes(1)),
    Case("pool of 50 images", VerdictName.TOTAL_COLLAPSE, _pool(50)),
    Case("pool of 500 images", VerdictName.PARTIAL_COLLAPSE, _pool(500)),
    *(Case(f"{q:.0%} copies", VerdictName.POSSIBLE_MEMORISATION, _copies(q)) for q in (0.1, 0.5, 1.0)),
    Case("noise", VerdictName.UNLIKE_REAL_IMAGES, _noise),
    Case("shrunken modes", VerdictName.SHRUNKEN_MODES, _shrunken),
    Case("not a number", VerdictName.DIVERGED, _not_finite),
)
