"""The final scores of a confirmed trial as plain numbers, for summary.json."""

from dataclasses import dataclass

from gan_study.runs.records.final_scores import ClassRecord, FinalScores, ScoreWithReal


@dataclass(frozen=True)
class FinalSummary:
    """Scores on fresh draws of latents. A score that could not be computed is None, and `missing` gives the reason."""

    key: str
    """Label of the score of each draw."""
    num_generated: int
    """Images of each draw."""
    draws: tuple[float, ...]
    mean: float
    std: float | None
    """Standard deviation over the draws; None with a single draw."""
    floor: float
    infinity: float | None
    """The distance extrapolated to infinitely many generated images."""
    infinity_interval: tuple[float, float] | None
    num_real: int
    """Real images with which the kernel distance compares."""
    kernel: float | None
    kernel_std: float | None
    """Standard deviation over the subsets."""
    mind: ScoreWithReal | None
    """Monge inception distance, and that of real images."""
    num_neighbours: int | None
    """Images on each side for precision, recall, density, coverage and the Vendi score."""
    precision: ScoreWithReal | None
    recall: ScoreWithReal | None
    density: ScoreWithReal | None
    coverage: ScoreWithReal | None
    vendi: ScoreWithReal | None
    inception_score: ScoreWithReal | None
    """Inception-type score, by the extractor's classes."""
    class_accuracy: ScoreWithReal | None
    """A conditional GAN's share of images in which the classifier sees the class that was asked for."""
    classes: tuple[ClassRecord, ...]
    """A conditional GAN's scores by class."""
    missing: dict[str, str]
    seconds: float


def summarise_final(scores: FinalScores) -> FinalSummary:
    """Flatten the record of a trial's final scores."""
    infinity, kernel, neighbours = scores.infinity, scores.kernel, scores.neighbours
    return FinalSummary(
        key=scores.key.label(),
        num_generated=scores.key.num_generated,
        draws=scores.draws,
        mean=scores.mean,
        std=scores.std,
        floor=scores.floor,
        infinity=infinity.value if infinity else None,
        infinity_interval=(infinity.low, infinity.high) if infinity else None,
        num_real=scores.num_real,
        kernel=kernel.mean if kernel else None,
        kernel_std=kernel.std if kernel else None,
        mind=scores.mind,
        num_neighbours=neighbours.num if neighbours else None,
        precision=neighbours.precision if neighbours else None,
        recall=neighbours.recall if neighbours else None,
        density=neighbours.density if neighbours else None,
        coverage=neighbours.coverage if neighbours else None,
        vendi=neighbours.vendi if neighbours else None,
        inception_score=scores.inception_score,
        class_accuracy=scores.class_accuracy,
        classes=scores.classes,
        missing=dict(scores.missing),
        seconds=scores.seconds,
    )
