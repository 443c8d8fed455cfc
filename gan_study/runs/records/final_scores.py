"""final_scores.json: all scores of a confirmed trial's images, on fresh draws of latents at its end."""

from typing import Literal

from gan_study.runs.records.measurements import SCHEMA_VERSION, Record, ScoreKey


class ScoreWithReal(Record):
    """A score of the generated images, and the score of as many real images."""

    value: float
    """Score of the generated images."""
    real: float | None
    """Score of the real images; null if there are too few of them."""


class KernelRecord(Record):
    """Kernel distance to the real images (KID if the score's key is the FID); 0 for a perfect generator."""

    mean: float
    """Mean over subsets."""
    std: float | None
    """Standard deviation over subsets; null if one subset holds all images."""
    subset_size: int
    """Generated images in a subset, and as many real ones."""
    num_subsets: int


class NeighbourRecord(Record):
    """Scores from nearest neighbours among equally many generated and real images."""

    num: int
    """Generated images, and as many real ones."""
    precision: ScoreWithReal
    """Precision with k = 3 (Kynkaanniemi et al. 2019)."""
    recall: ScoreWithReal
    """Recall with k = 3 (Kynkaanniemi et al. 2019)."""
    density: ScoreWithReal
    """Density with k = 5 (Naeem et al. 2020)."""
    coverage: ScoreWithReal
    """Coverage with k = 5 (Naeem et al. 2020)."""
    vendi: ScoreWithReal | None
    """Effective number of different images; null if a feature vector is zero."""


class InfinityRecord(Record):
    """The distance extrapolated to infinitely many generated images."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    nums: tuple[int, int]
    """Smallest and largest number of images in the fit of the line."""


class ClassRecord(Record):
    """The images of a conditional GAN that were asked to be of one class."""

    name: str
    """Name of the class."""
    num: int
    """Generated images of the first draw."""
    frechet_distance: ScoreWithReal | None
    """Distance to half of the class's real images, and that of the other half, from equally many images of each; null
    with fewer than 2 generated or 4 real images."""
    accuracy: float | None
    """Share of them, in [0, 1], in which the classifier sees this class; null without a classifier or an image."""


class FinalScores(Record):
    """The content of final_scores.json. All scores but `draws` are those of the first draw."""

    schema_version: Literal[1] = SCHEMA_VERSION
    cur_nimg: int
    """Images seen by the scored generator; this is the number of its snapshot."""
    key: ScoreKey
    """Key of each score in `draws`; its extractor made the features of the other scores, too."""
    draws: tuple[float, ...]
    """The objective for each fresh draw of latents; lower is better."""
    mean: float
    """Mean of the draws."""
    std: float | None
    """Standard deviation of the draws (divisor n - 1); null for a single draw."""
    floor: float
    """Expected score of as many images from a perfect generator."""
    floor_is_rough: bool
    """True if there are fewer than 4 images for each feature; the floor's formula may then be off by more than 4 %."""
    num_real: int
    """Randomly chosen real images with which all scores but the objective compare."""
    infinity: InfinityRecord | None
    """Distance for infinitely many images; null with fewer than 4.8 generated images for each feature."""
    kernel: KernelRecord | None
    mind: ScoreWithReal | None = None
    """Monge inception distance to half of these real images, and that of the other half; null with fewer than 4 real
    images, and in files of older versions."""
    neighbours: NeighbourRecord | None
    inception_score: ScoreWithReal | None
    """Inception-type score from the extractor's classes (10 parts); null if it knows no classes."""
    classes: tuple[ClassRecord, ...] = ()
    """A conditional GAN's scores by class number; empty for other GANs."""
    class_accuracy: ScoreWithReal | None = None
    """Share of a conditional GAN's images, in [0, 1], in which the classifier sees the class that was asked for; and
    its accuracy on held-out real images. Null for other GANs, and without a classifier."""
    missing: dict[str, str]
    """The reason for each score that is null, by its name."""
    seconds: float
    """Duration in seconds, without the features of the real images, which all trials of a process share."""
