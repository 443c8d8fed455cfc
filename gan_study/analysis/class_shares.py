"""The classes of a trial's generated images, by the domain classifier."""

from dataclasses import dataclass

import numpy as np

from gan_study.metrics.class_histogram import counts_to_class_histogram
from gan_study.runs.records.measurements import EvaluationRecord, ObjectiveRecord

MISSING_CLASS_RATIO = 0.1
"""A class is missing if its share is below a tenth of its share among real images.

This threshold of ours is above 0 because a classifier's errors alone put some images into every class.
"""

MANY_CLASSES = 100
"""Above this number, classes are not drawn or named one by one."""


@dataclass(frozen=True)
class ClassShares:
    """The classes of a trial's generated images by the domain classifier."""

    trial: str
    smallest: float
    missing: tuple[str, ...]
    """Classes with less than a tenth of their real share."""
    num_classes: int
    num_modes: int
    """Classes with at least one image, errors of the classifier included."""
    expected_num_modes: float
    """Expected `num_modes` of a perfect generator with as many images."""
    kl: float | None
    """KL divergence of the shares from the real ones, in nats; None if a class has images but no real ones."""

    @property
    def has_many_classes(self) -> bool:
        """True if there are too many classes to show one by one, so that modes are counted (stacked MNIST: 1000)."""
        return self.num_classes > MANY_CLASSES

    @property
    def modes_text(self) -> str:
        """Such as `974 of 1,000`."""
        return f"{self.num_modes:,} of {self.num_classes:,}"


def class_shares(trial: str, evaluation: EvaluationRecord, objective: ObjectiveRecord) -> ClassShares | None:
    """The classes of a trial's images at one evaluation.

    None if the extractor is no classifier or the images were not finite.
    """
    shares = evaluation.class_shares
    if shares is None or objective.class_names is None or objective.real_class_shares is None:
        return None
    known = zip(objective.class_names, shares, objective.real_class_shares, strict=True)
    missing = tuple(name for name, share, real in known if share < MISSING_CLASS_RATIO * real)
    counts = np.rint(np.array(shares) * objective.num_samples(evaluation)).astype(int)
    histogram = counts_to_class_histogram(counts, np.array(objective.real_class_shares))
    return ClassShares(
        trial=trial,
        smallest=min(shares),
        missing=missing,
        num_classes=len(shares),
        num_modes=histogram.num_modes,
        expected_num_modes=histogram.expected_num_modes,
        kl=histogram.kl,
    )
