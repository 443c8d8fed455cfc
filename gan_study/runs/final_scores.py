"""final_scores.json: every score of a confirmed trial's images, on fresh draws of latents, at its end."""

from typing import Literal

from gan_study.runs.records import SCHEMA_VERSION, Record, ScoreKey


class ScoreWithReal(Record):
    """A score of the generated images, and the same score of as many real images."""

    value: float
    """Of the generated images."""
    real: float | None
    """Of the real images; null if they are too few for it."""


class KernelRecord(Record):
    """The kernel distance (KID, where the key's score is the FID) to the real images; 0 for a perfect generator."""

    mean: float
    """Over subsets."""
    std: float | None
    """Over subsets; null if there is but one, of all images."""
    subset_size: int
    """Images of each side in a subset."""
    num_subsets: int


class NeighbourRecord(Record):
    """Shares by nearest neighbours, of as many generated as real images."""

    num: int
    """Images of each side."""
    precision: ScoreWithReal
    """k = 3 (Kynkaanniemi et al. 2019)."""
    recall: ScoreWithReal
    """k = 3."""
    density: ScoreWithReal
    """k = 5 (Naeem et al. 2020)."""
    coverage: ScoreWithReal
    """k = 5."""
    vendi: ScoreWithReal | None
    """Effective number of different images; null if a feature vector is zero."""


class InfinityRecord(Record):
    """The distance extrapolated to infinitely many generated images."""

    value: float
    low: float
    """Lower end of the line's 95 % interval."""
    high: float
    """Upper end of it."""
    nums: tuple[int, int]
    """The smallest and the largest number of images that the line goes through."""


class FinalScores(Record):
    """The whole file. All scores but `draws` are of the first draw."""

    schema_version: Literal[1] = SCHEMA_VERSION
    cur_nimg: int
    """Images seen by the generator that was scored: the number of its snapshot."""
    key: ScoreKey
    """What each of the `draws` is; the network of all the others."""
    draws: tuple[float, ...]
    """The objective for each fresh draw of latents, lower is better."""
    mean: float
    """Mean of the draws."""
    std: float | None
    """Standard deviation of the draws (divisor n - 1); null if there is but one."""
    floor: float
    """Expected of as many images of a perfect generator."""
    floor_is_rough: bool
    """Whether there are fewer than 4 images for each feature, so that the floor's formula may be off by over 4 %."""
    num_real: int
    """Real images, chosen at random, that all scores but the objective compare with."""
    infinity: InfinityRecord | None
    """Null with fewer than 4.8 generated images for each feature."""
    kernel: KernelRecord | None
    neighbours: NeighbourRecord | None
    inception_score: ScoreWithReal | None
    """Inception-type score by the extractor's classes (10 parts); null if it knows none."""
    missing: dict[str, str]
    """Why a score is null, by its name."""
    seconds: float
    """How long it took, without the features of the real images, which all trials of a process share."""
